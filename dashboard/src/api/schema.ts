// Written by `npm run api` from the OpenAPI document. Do not edit.
export interface paths {
    "/api/v1/admin-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["AdminKeysController_page"];
        put?: never;
        post: operations["AdminKeysController_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin-keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["AdminKeysController_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["AdminsController_page"];
        put?: never;
        post: operations["AdminsController_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admins/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["AdminsController_read"];
        put?: never;
        post?: never;
        delete: operations["AdminsController_delete"];
        options?: never;
        head?: never;
        patch: operations["AdminsController_update"];
        trace?: never;
    };
    "/api/v1/admins/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["AdminsController_disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admins/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["AdminsController_enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admins/{id}/sign-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["AdminsController_signOut"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admins/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["AdminsController_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admins/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["AdminsController_changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["CredentialsController_page"];
        put?: never;
        post: operations["CredentialsController_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/credentials/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["CredentialsController_read"];
        put?: never;
        post?: never;
        delete: operations["CredentialsController_delete"];
        options?: never;
        head?: never;
        patch: operations["CredentialsController_update"];
        trace?: never;
    };
    "/api/v1/credentials/{id}/access": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["AccessController_access"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/credentials/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["CredentialsController_disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/credentials/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["CredentialsController_enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/credentials/{id}/revoke-tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["CredentialsController_revokeTokens"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/credentials/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["CredentialsController_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/credentials/{id}/secrets/{secretId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["CredentialsController_endSecret"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/credentials/{id}/simulate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["AccessController_simulate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/credentials/{id}/suggestion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["AccessController_suggestion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["EventsController_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["EventsController_follow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["UsageController_read"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/servers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["ServersController_page"];
        put?: never;
        post: operations["ServersController_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/servers/{slug}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["ServersController_read"];
        put?: never;
        post?: never;
        delete: operations["ServersController_delete"];
        options?: never;
        head?: never;
        patch: operations["ServersController_update"];
        trace?: never;
    };
    "/api/v1/servers/{slug}/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["DocsAdminController_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/servers/{slug}/docs/feedback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["DocsAdminController_listFeedback"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/servers/{slug}/docs/feedback/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["DocsAdminController_removeFeedback"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/servers/{slug}/docs/pages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["DocsPagesController_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/servers/{slug}/docs/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["DocsAdminController_refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/servers/{slug}/docs/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["DocsAdminController_makeWebhook"];
        delete: operations["DocsAdminController_removeWebhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/servers/{slug}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["ServerTestController_testStored"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/servers/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["ServerTestController_testUnsaved"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["SessionController_whoAmI"];
        put?: never;
        post: operations["SessionController_signIn"];
        delete: operations["SessionController_signOut"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["SessionController_list"];
        put?: never;
        post?: never;
        delete: operations["SessionController_signOutEverywhere"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["SessionController_options"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["SettingsController_read"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signing-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["SigningKeysController_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signing-keys/{kid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["SigningKeysController_remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signing-keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["SigningKeysController_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["UsageController_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["WebhooksController_page"];
        put?: never;
        post: operations["WebhooksController_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["WebhooksController_read"];
        put?: never;
        post?: never;
        delete: operations["WebhooksController_delete"];
        options?: never;
        head?: never;
        patch: operations["WebhooksController_update"];
        trace?: never;
    };
    "/api/v1/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["WebhooksController_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["WebhooksController_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["WebhooksController_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AccessDto: {
            servers: components["schemas"]["ServerAccessDto"][];
            warnings: string[];
        };
        AccessItemDto: {
            byDefault: boolean;
            name: string;
            permission: string | components["schemas"]["ConditionalPermissionDto"];
            scope: string;
            title: string | null;
        };
        AdminDto: {
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            id: string;
            /** Format: date-time */
            lastSignInAt: string | null;
            mustChangePassword: boolean;
            /** @enum {string} */
            role: "owner" | "operator" | "viewer";
            /** @enum {string} */
            signsInBy: "password" | "oidc";
            /** @enum {string} */
            status: "enabled" | "disabled";
            username: string;
        };
        AdminKeyDto: {
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            /** Format: date-time */
            expiresAt: string | null;
            hint: string;
            id: string;
            label: string;
            /** Format: date-time */
            lastUsedAt: string | null;
            /** @enum {string} */
            role: "owner" | "operator" | "viewer";
        };
        AdminKeyPageDto: {
            items: components["schemas"]["AdminKeyDto"][];
            nextCursor: string | null;
        };
        AdminPageDto: {
            items: components["schemas"]["AdminDto"][];
            nextCursor: string | null;
        };
        ArgumentConditionDto: {
            equals?: string | number | boolean;
            max?: number;
            min?: number;
            oneOf?: (string | number | boolean)[];
            /** @default false */
            optional?: boolean;
            prefix?: string;
        };
        AttentionCredentialDto: {
            clientId: string;
            id: string;
            label: string;
        };
        AttentionDto: {
            /** Format: date-time */
            at: string | null;
            count: number | null;
            credential: components["schemas"]["AttentionCredentialDto"];
            days: number | null;
            /** Format: date-time */
            endsAt: string | null;
            hint: string | null;
            /** @enum {string} */
            reason: "expiring" | "unused" | "old_secret_in_use" | "over_fetching" | "hitting_limits";
        };
        BearerAuthDto: {
            token?: string;
            /** @enum {string} */
            type: "bearer";
        };
        BearerAuthViewDto: {
            hasToken: boolean;
            /** @enum {string} */
            type: "bearer";
        };
        ChangePasswordDto: {
            /** Format: password */
            currentPassword: string;
            /** Format: password */
            newPassword: string;
        };
        ClientCredentialsAuthDto: {
            clientId?: string;
            clientSecret?: string;
            resource?: string | null;
            scope?: string | null;
            tokenUrl?: string;
            /** @enum {string} */
            type: "client_credentials";
        };
        ClientCredentialsAuthViewDto: {
            clientId: string;
            hasClientSecret: boolean;
            resource: string | null;
            scope: string | null;
            tokenUrl: string;
            /** @enum {string} */
            type: "client_credentials";
        };
        ConditionalPermissionDto: {
            /**
             * @example {
             *       "path": {
             *         "prefix": "/data/"
             *       }
             *     }
             */
            arguments?: {
                [key: string]: components["schemas"]["ArgumentConditionDto"];
            };
            permission: string;
            /**
             * @example {
             *       "additionalProperties": false,
             *       "properties": {
             *         "path": {
             *           "type": "string"
             *         }
             *       }
             *     }
             */
            schema?: {
                [key: string]: unknown;
            };
        };
        CreateAdminDto: {
            /** Format: password */
            password?: string;
            /** @enum {string} */
            role: "owner" | "operator" | "viewer";
            username: string;
        };
        CreateAdminKeyDto: {
            /** Format: date-time */
            expiresAt?: string;
            label: string;
            /** @enum {string} */
            role: "owner" | "operator" | "viewer";
        };
        CreateCredentialDto: {
            /** @default false */
            acceptTokenEndpointAudience?: boolean | null;
            /** @default false */
            allowAssertionReuse?: boolean | null;
            allowedIps?: string[] | null;
            /**
             * @default client_secret
             * @enum {string}
             */
            authMethod?: "client_secret" | "private_key_jwt" | "workload_identity" | "tls_client_auth" | "self_signed_tls_client_auth";
            /** @default false */
            certificateBound?: boolean | null;
            docsGroups?: string[] | null;
            /** @default false */
            dpopRequired?: boolean | null;
            /** Format: date-time */
            expiresAt?: string | null;
            grantTypes?: ("client_credentials" | "urn:ietf:params:oauth:grant-type:jwt-bearer" | "urn:ietf:params:oauth:grant-type:token-exchange")[] | null;
            introspects?: string[] | null;
            /** @default true */
            issueRefreshToken?: boolean | null;
            jwks?: {
                [key: string]: unknown;
            } | null;
            jwksUri?: string | null;
            label: string;
            /** @default false */
            observe?: boolean | null;
            /** Format: date-time */
            observeUntil?: string | null;
            /**
             * @example {
             *       "docs": [
             *         "tools/call:search_docs"
             *       ]
             *     }
             */
            permissions?: {
                [key: string]: (string | components["schemas"]["ConditionalPermissionDto"])[];
            } | null;
            scopes?: string[] | null;
            servers?: string[];
            /** @default false */
            singleUseAssertion?: boolean | null;
            /** @default false */
            strictScope?: boolean | null;
            tlsSubject?: components["schemas"]["TlsSubjectDto"] | null;
            tokensPerHour?: number | null;
            tokenTtl?: number | null;
            trust?: components["schemas"]["TrustDto"] | null;
        };
        CreateServerDto: {
            /**
             * @default authenticated
             * @enum {string}
             */
            access?: "authenticated" | "public" | "both";
            description?: string | null;
            /** @default false */
            isDefault?: boolean;
            limits?: components["schemas"]["ServerLimitsDto"] | null;
            name: string;
            scopes?: components["schemas"]["ServerScopeDto"][];
            slug: string;
            tokenTtl?: number | null;
            /**
             * @example {
             *       "kind": "http",
             *       "url": "https://mcp.example.com/mcp",
             *       "auth": {
             *         "type": "bearer",
             *         "token": "upstream-token"
             *       }
             *     }
             */
            upstream: components["schemas"]["HttpUpstreamDto"] | components["schemas"]["StdioUpstreamDto"] | components["schemas"]["DocsUpstreamDto"] | components["schemas"]["GroupUpstreamDto"];
        };
        CreateWebhookDto: {
            /** @default true */
            enabled?: boolean;
            events?: ("credential.expiring" | "credential.secret_leaked" | "admin_key.leaked" | "server.down" | "server.breaker_open" | "refusals.unusual")[] | null;
            label: string;
            url: string;
        };
        CredentialDto: {
            acceptTokenEndpointAudience: boolean;
            allowAssertionReuse: boolean;
            allowedIps: string[] | null;
            /** @enum {string} */
            authMethod: "client_secret" | "private_key_jwt" | "workload_identity" | "tls_client_auth" | "self_signed_tls_client_auth";
            certificateBound: boolean;
            clientId: string;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            docsGroups: string[];
            dpopRequired: boolean;
            /** Format: date-time */
            expiresAt: string | null;
            grantTypes: ("client_credentials" | "urn:ietf:params:oauth:grant-type:jwt-bearer" | "urn:ietf:params:oauth:grant-type:token-exchange")[];
            id: string;
            introspects: string[];
            issueRefreshToken: boolean;
            jwks: {
                [key: string]: unknown;
            } | null;
            jwksUri: string | null;
            label: string;
            /** Format: date-time */
            lastUsedAt: string | null;
            observe: boolean;
            /** Format: date-time */
            observeUntil: string | null;
            overFetching: components["schemas"]["OverFetchingDto"] | null;
            permissions: {
                [key: string]: (string | components["schemas"]["ConditionalPermissionDto"])[];
            } | null;
            scopes: string[] | null;
            secrets: components["schemas"]["SecretDto"][];
            servers: string[];
            singleUseAssertion: boolean;
            /** @enum {string} */
            status: "enabled" | "disabled" | "expired";
            strictScope: boolean;
            tlsSubject: components["schemas"]["TlsSubjectDto"] | null;
            tokensPerHour: number | null;
            tokenTtl: number | null;
            trust: components["schemas"]["TrustDto"] | null;
            /** Format: date-time */
            updatedAt: string;
            warnings: string[];
        };
        CredentialPageDto: {
            items: components["schemas"]["CredentialDto"][];
            nextCursor: string | null;
        };
        CredentialWithSecretDto: {
            acceptTokenEndpointAudience: boolean;
            allowAssertionReuse: boolean;
            allowedIps: string[] | null;
            /** @enum {string} */
            authMethod: "client_secret" | "private_key_jwt" | "workload_identity" | "tls_client_auth" | "self_signed_tls_client_auth";
            certificateBound: boolean;
            clientId: string;
            clientSecret?: string;
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            docsGroups: string[];
            dpopRequired: boolean;
            /** Format: date-time */
            expiresAt: string | null;
            grantTypes: ("client_credentials" | "urn:ietf:params:oauth:grant-type:jwt-bearer" | "urn:ietf:params:oauth:grant-type:token-exchange")[];
            id: string;
            introspects: string[];
            issueRefreshToken: boolean;
            jwks: {
                [key: string]: unknown;
            } | null;
            jwksUri: string | null;
            label: string;
            /** Format: date-time */
            lastUsedAt: string | null;
            observe: boolean;
            /** Format: date-time */
            observeUntil: string | null;
            overFetching: components["schemas"]["OverFetchingDto"] | null;
            permissions: {
                [key: string]: (string | components["schemas"]["ConditionalPermissionDto"])[];
            } | null;
            scopes: string[] | null;
            secrets: components["schemas"]["SecretDto"][];
            servers: string[];
            singleUseAssertion: boolean;
            /** @enum {string} */
            status: "enabled" | "disabled" | "expired";
            strictScope: boolean;
            tlsSubject: components["schemas"]["TlsSubjectDto"] | null;
            tokensPerHour: number | null;
            tokenTtl: number | null;
            trust: components["schemas"]["TrustDto"] | null;
            /** Format: date-time */
            updatedAt: string;
            warnings: string[];
        };
        CurrentSessionDto: {
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            expiresAt: string;
            id: string;
            idleSeconds: number;
            /** @enum {string} */
            method: "password" | "oidc";
        };
        DeliveryDto: {
            attempts: number;
            body: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            createdAt: string;
            error: string | null;
            id: string;
            /** Format: date-time */
            lastAttemptAt: string | null;
            /** Format: date-time */
            nextAttemptAt: string | null;
            responseStatus: number | null;
            /** @enum {string} */
            status: "pending" | "delivered" | "failed" | "dropped";
            /** @enum {string} */
            type: "credential.expiring" | "credential.secret_leaked" | "admin_key.leaked" | "server.down" | "server.breaker_open" | "refusals.unusual" | "webhook.test";
        };
        DeliveryPageDto: {
            items: components["schemas"]["DeliveryDto"][];
            nextCursor: string | null;
        };
        DocsFeedbackDto: {
            /** Format: date-time */
            createdAt: string;
            credentialId: string | null;
            description: string;
            id: string;
            page: string;
        };
        DocsFeedbackPageDto: {
            items: components["schemas"]["DocsFeedbackDto"][];
            nextCursor: string | null;
        };
        DocsGitDto: {
            branch: string | null;
            commit: string | null;
            fault: string | null;
            hasWebhook: boolean;
            /** Format: date-time */
            pulledAt: string | null;
            url: string;
        };
        DocsPageDto: {
            /** Format: date-time */
            changedAt: string;
            groups: string[];
            language: string | null;
            path: string;
            title: string;
            version: string | null;
            /** @enum {string} */
            visibility: "public" | "authenticated" | "groups";
        };
        DocsPagesDto: {
            items: components["schemas"]["DocsPageDto"][];
            languages: string[];
            nextCursor: string | null;
            versions: string[];
        };
        DocsRepositoryAuthDto: {
            token?: string;
            /** @default git */
            username?: string;
        };
        DocsRepositoryAuthViewDto: {
            hasToken: boolean;
            username: string;
        };
        DocsRepositoryDto: {
            auth?: components["schemas"]["DocsRepositoryAuthDto"] | null;
            branch?: string | null;
            /** @default 300 */
            intervalSeconds?: number | null;
            path?: string | null;
            url?: string;
        };
        DocsRepositoryViewDto: {
            auth: components["schemas"]["DocsRepositoryAuthViewDto"] | null;
            branch: string | null;
            intervalSeconds: number;
            path: string | null;
            url: string;
        };
        DocsSettingsDto: {
            allPublic: boolean;
            dir: string;
            name: string | null;
        };
        DocsStatusDto: {
            dir: string;
            faults: components["schemas"]["DocsWarningDto"][];
            feedback: number;
            git: components["schemas"]["DocsGitDto"] | null;
            /** Format: date-time */
            indexedAt: string | null;
            isIndexing: boolean;
            name: string;
            pages: number;
            sections: number;
            tools: string[];
            warnings: components["schemas"]["DocsWarningDto"][];
        };
        DocsUpstreamDto: {
            dir?: string | null;
            git?: components["schemas"]["DocsRepositoryDto"] | null;
            /** @enum {string} */
            kind: "docs";
        };
        DocsUpstreamViewDto: {
            dir: string | null;
            git: components["schemas"]["DocsRepositoryViewDto"] | null;
            /** @enum {string} */
            kind: "docs";
        };
        DocsWarningDto: {
            file: string;
            warning: string;
        };
        DocsWebhookDto: {
            secret: string;
            url: string;
        };
        EventDto: {
            actor: string | null;
            address: string | null;
            /** Format: date-time */
            at: string;
            clientId: string | null;
            credentialId: string | null;
            /**
             * @example {
             *       "jti": "6f0d…",
             *       "scope": "mcp:search",
             *       "expiresIn": 3600
             *     }
             */
            detail: {
                [key: string]: unknown;
            };
            id: string;
            /** @enum {string} */
            kind: "admin.created" | "admin.changed" | "admin.deleted" | "admin.disabled" | "admin.enabled" | "admin.sessions_ended" | "admin.sign_in_failed" | "admin.signed_in" | "admin.signed_out" | "admin_key.created" | "admin_key.deleted" | "admin_key.leaked" | "call" | "call.observed" | "call.refused" | "credential.created" | "credential.changed" | "credential.disabled" | "credential.enabled" | "credential.rotated" | "credential.secret_ended" | "credential.secret_leaked" | "credential.tokens_revoked" | "credential.deleted" | "docs.webhook_created" | "docs.webhook_deleted" | "server.created" | "server.changed" | "server.deleted" | "server.tested" | "signing_key.created" | "signing_key.deleted" | "token.issued" | "token.refresh_reused" | "token.refused" | "token.refused_more" | "token.revoked" | "webhook.created" | "webhook.changed" | "webhook.deleted" | "webhook.rotated" | "webhook.tested";
            server: string | null;
        };
        EventPageDto: {
            items: components["schemas"]["EventDto"][];
            nextCursor: string | null;
        };
        GroupMemberDto: {
            prefix?: string | null;
            server: string;
        };
        GroupMemberViewDto: {
            prefix: string | null;
            server: string;
        };
        GroupUpstreamDto: {
            /** @enum {string} */
            kind: "group";
            members?: components["schemas"]["GroupMemberDto"][];
        };
        GroupUpstreamViewDto: {
            /** @enum {string} */
            kind: "group";
            members: components["schemas"]["GroupMemberViewDto"][];
        };
        HeadersAuthDto: {
            /**
             * @example {
             *       "x-api-key": "upstream-key"
             *     }
             */
            headers?: {
                [key: string]: string | null;
            };
            /** @enum {string} */
            type: "headers";
        };
        HeadersAuthViewDto: {
            headerNames: string[];
            /** @enum {string} */
            type: "headers";
        };
        HttpUpstreamDto: {
            auth?: components["schemas"]["NoAuthDto"] | components["schemas"]["BearerAuthDto"] | components["schemas"]["HeadersAuthDto"] | components["schemas"]["ClientCredentialsAuthDto"] | components["schemas"]["TokenExchangeAuthDto"];
            /** @enum {string} */
            kind: "http";
            url?: string;
        };
        HttpUpstreamViewDto: {
            auth: components["schemas"]["NoAuthViewDto"] | components["schemas"]["BearerAuthViewDto"] | components["schemas"]["HeadersAuthViewDto"] | components["schemas"]["ClientCredentialsAuthViewDto"] | components["schemas"]["TokenExchangeAuthViewDto"];
            /** @enum {string} */
            kind: "http";
            url: string;
        };
        IntrospectionDto: {
            act?: {
                [key: string]: unknown;
            };
            active: boolean;
            aud?: string;
            client_id?: string;
            cnf?: {
                [key: string]: unknown;
            };
            exp?: number;
            iat?: number;
            iss?: string;
            /** Format: uuid */
            jti?: string;
            scope?: string;
            sub?: string;
            /** @enum {string} */
            token_type?: "Bearer" | "DPoP";
        };
        LeakReportDto: {
            /** Format: password */
            secret: string;
            source?: string;
        };
        LimitSettingsDto: {
            docsPerAddress: number;
            docsPerCredential: number;
            docsPerTool: number;
            enabled: boolean;
            leakReports: number;
            signInFailures: number;
            tokenFailures: number;
            tokenPerAddress: number;
            tokenPerCredential: number | null;
        };
        ListedDto: {
            description: string | null;
            name: string;
            title: string | null;
        };
        ListingDto: {
            count: number;
            isCut: boolean;
            items: components["schemas"]["ListedDto"][];
        };
        LivenessDto: {
            /** @enum {string} */
            status: "up";
        };
        MeDto: {
            id: string;
            /** @enum {string} */
            kind: "admin" | "key";
            name: string;
            /** @enum {string} */
            role: "owner" | "operator" | "viewer";
        };
        MetricsSettingsDto: {
            enabled: boolean;
            url: string;
        };
        NetworkSettingsDto: {
            allowedOrigins: string[];
            egressAllow: string[];
            trustProxy: string[];
        };
        NewAdminDto: {
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            id: string;
            /** Format: date-time */
            lastSignInAt: string | null;
            mustChangePassword: boolean;
            password?: string;
            /** @enum {string} */
            role: "owner" | "operator" | "viewer";
            /** @enum {string} */
            signsInBy: "password" | "oidc";
            /** @enum {string} */
            status: "enabled" | "disabled";
            username: string;
        };
        NewAdminKeyDto: {
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            /** Format: date-time */
            expiresAt: string | null;
            hint: string;
            id: string;
            label: string;
            /** Format: date-time */
            lastUsedAt: string | null;
            /** @enum {string} */
            role: "owner" | "operator" | "viewer";
            secret: string;
        };
        NoAuthDto: {
            /** @enum {string} */
            type: "none";
        };
        NoAuthViewDto: {
            /** @enum {string} */
            type: "none";
        };
        OAuthErrorDto: {
            error: string;
            error_description: string;
        };
        OidcOptionDto: {
            label: string;
            url: string;
        };
        OidcRoleDto: {
            /** @enum {string} */
            role: "owner" | "operator" | "viewer";
            value: string;
        };
        OidcSettingsDto: {
            clientId: string;
            issuer: string;
            redirectUri: string;
            roleClaim: string;
            roles: components["schemas"]["OidcRoleDto"][];
        };
        OperationDto: {
            /**
             * @example {
             *       "path": "/data/a.txt"
             *     }
             */
            arguments?: {
                [key: string]: unknown;
            };
            method: string;
            target?: string;
        };
        OverFetchingDto: {
            count: number;
            /** Format: date-time */
            lastAt: string;
        };
        OverviewCountsDto: {
            calls: number;
            errors: number;
            limited: number;
            refusals: number;
            tokenRefusals: number;
            tokens: number;
        };
        OverviewCredentialCountsDto: {
            active: number;
            disabled: number;
            enabled: number;
            expired: number;
            total: number;
        };
        OverviewDto: {
            attention: components["schemas"]["AttentionDto"][];
            attentionTotal: number;
            credentials: components["schemas"]["OverviewCredentialCountsDto"];
            /** Format: date-time */
            from: string;
            previous: components["schemas"]["OverviewCountsDto"];
            series: components["schemas"]["OverviewPointDto"][];
            servers: components["schemas"]["OverviewServerDto"][];
            /** @enum {string} */
            step: "hour" | "day";
            /** Format: date-time */
            to: string;
            topCredentials: components["schemas"]["OverviewTopDto"][];
            topTools: components["schemas"]["OverviewTopDto"][];
            totals: components["schemas"]["OverviewCountsDto"];
        };
        OverviewPointDto: {
            /** Format: date-time */
            at: string;
            calls: number;
            errors: number;
            limited: number;
            refusals: number;
            tokenRefusals: number;
            tokens: number;
        };
        OverviewServerDto: {
            /** @enum {string} */
            access: "authenticated" | "public" | "both";
            calls: number;
            errors: number;
            health: components["schemas"]["ServerHealthDto"];
            isDefault: boolean;
            kind: string;
            limited: number;
            name: string;
            refusals: number;
            slug: string;
            tokenRefusals: number;
            tokens: number;
        };
        OverviewTopDto: {
            calls: number;
            id: string;
            label: string;
            server: string | null;
        };
        ReadinessDto: {
            /** @enum {string} */
            database: "up" | "down";
            /** @enum {string} */
            docs: "up" | "degraded";
            /** @enum {string} */
            keys: "up" | "down";
            reasons: ("draining" | "database" | "state" | "keys")[];
            /** @enum {string} */
            redis?: "up" | "down";
            /** @enum {string} */
            state: "fresh" | "stale";
            /** @enum {string} */
            status: "up" | "down";
            /** @enum {string} */
            writes: "up" | "down";
        };
        RotateSecretDto: {
            /** @default 86400 */
            overlapSeconds?: number;
        };
        RotateWebhookDto: {
            /** @default 86400 */
            overlapSeconds?: number;
        };
        SecretDto: {
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            expiresAt: string | null;
            hint: string;
            id: string;
            /** Format: date-time */
            lastUsedAt: string | null;
            lastUsedIp: string | null;
        };
        ServerAccessDto: {
            defaultScopes: string[];
            hidden: number;
            isCut: boolean;
            name: string;
            permissions: (string | components["schemas"]["ConditionalPermissionDto"])[] | null;
            problems: components["schemas"]["ServerProblemDto"][];
            prompts: components["schemas"]["AccessItemDto"][];
            resource: string;
            resources: components["schemas"]["AccessItemDto"][];
            resourceTemplates: components["schemas"]["AccessItemDto"][];
            scopes: string[];
            server: string;
            tools: components["schemas"]["AccessItemDto"][];
        };
        ServerDto: {
            /** @enum {string} */
            access: "authenticated" | "public" | "both";
            /** Format: date-time */
            createdAt: string;
            description: string | null;
            health: components["schemas"]["ServerHealthDto"];
            isDefault: boolean;
            /** @example {} */
            limits: components["schemas"]["ServerLimitsDto"];
            name: string;
            resource: string;
            scopes: components["schemas"]["ServerScopeViewDto"][];
            slug: string;
            tokenTtl: number | null;
            /** Format: date-time */
            updatedAt: string;
            /**
             * @example {
             *       "kind": "docs",
             *       "dir": null,
             *       "git": null
             *     }
             */
            upstream: components["schemas"]["HttpUpstreamViewDto"] | components["schemas"]["StdioUpstreamViewDto"] | components["schemas"]["DocsUpstreamViewDto"] | components["schemas"]["GroupUpstreamViewDto"];
            warnings: string[];
        };
        ServerHealthDto: {
            /** @enum {string|null} */
            breaker: "closed" | "open" | "half-open" | null;
            /** Format: date-time */
            checkedAt: string | null;
            lastError: string | null;
            /** Format: date-time */
            since: string | null;
            /** @enum {string} */
            status: "up" | "down" | "unknown";
        };
        ServerInfoDto: {
            name: string;
            title: string | null;
            version: string | null;
        };
        ServerLimitsDto: {
            concurrentCalls?: number | null;
            openStreams?: number | null;
            perAddress?: number | null;
            perCredential?: number | null;
            perTool?: number | null;
            timeoutSeconds?: number | null;
        };
        ServerPageDto: {
            items: components["schemas"]["ServerDto"][];
            nextCursor: string | null;
        };
        ServerProblemDto: {
            /** @enum {string} */
            code: "dns" | "egress_refused" | "unreachable" | "tls" | "timeout" | "redirect" | "unauthorized" | "token_endpoint" | "not_mcp" | "source" | "failed";
            message: string;
        };
        ServerScopeDto: {
            /** @default false */
            default?: boolean | null;
            description?: string | null;
            name: string;
            permissions: (string | components["schemas"]["ConditionalPermissionDto"])[];
        };
        ServerScopeViewDto: {
            default: boolean;
            description: string | null;
            name: string;
            permissions: (string | components["schemas"]["ConditionalPermissionDto"])[];
        };
        ServerSuggestionDto: {
            calls: number;
            observed: number;
            permissions: components["schemas"]["SuggestedPermissionDto"][];
            scopes: string[];
            server: string;
        };
        ServerTestDto: {
            durationMs: number;
            eras: ("modern" | "legacy")[];
            ok: boolean;
            problems: components["schemas"]["ServerProblemDto"][];
            prompts: components["schemas"]["ListingDto"] | null;
            resources: components["schemas"]["ListingDto"] | null;
            resourceTemplates: components["schemas"]["ListingDto"] | null;
            serverInfo: components["schemas"]["ServerInfoDto"] | null;
            tools: components["schemas"]["ListingDto"] | null;
            versions: string[];
        };
        SessionDto: {
            address: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            expiresAt: string;
            id: string;
            isCurrent: boolean;
            /** Format: date-time */
            lastSeenAt: string;
            /** @enum {string} */
            method: "password" | "oidc";
            userAgent: string;
        };
        SessionListDto: {
            items: components["schemas"]["SessionDto"][];
            nextCursor: string | null;
        };
        SettingsDto: {
            docs: components["schemas"]["DocsSettingsDto"];
            limits: components["schemas"]["LimitSettingsDto"];
            logLevel: string;
            metrics: components["schemas"]["MetricsSettingsDto"];
            network: components["schemas"]["NetworkSettingsDto"];
            node: string;
            publicUrl: string;
            signIn: components["schemas"]["SignInSettingsDto"];
            storage: components["schemas"]["StorageSettingsDto"];
            tokens: components["schemas"]["TokenSettingsDto"];
            tracing: components["schemas"]["TracingSettingsDto"] | null;
            urls: components["schemas"]["UrlsDto"];
            version: string;
        };
        SignedOutDto: {
            signOutUrl: string | null;
        };
        SignInDto: {
            /** Format: password */
            password: string;
            username: string;
        };
        SigningKeyDto: {
            /** @enum {string} */
            alg: "ES256" | "RS256" | "PS256" | "EdDSA";
            /** Format: date-time */
            createdAt: string;
            kid: string;
            /** Format: date-time */
            retiresAt: string | null;
            /** Format: date-time */
            signsFrom: string;
            /** @enum {string} */
            status: "upcoming" | "signing" | "verifying" | "retired";
        };
        SigningKeyPageDto: {
            items: components["schemas"]["SigningKeyDto"][];
            nextCursor: string | null;
        };
        SignInOptionsDto: {
            oidc: components["schemas"]["OidcOptionDto"] | null;
        };
        SignInSettingsDto: {
            idleSeconds: number;
            oidc: components["schemas"]["OidcSettingsDto"] | null;
            ttlSeconds: number;
        };
        SimulateDto: {
            operation: components["schemas"]["OperationDto"];
            scopes?: string[];
            server: string;
        };
        SimulationDto: {
            allowed: boolean;
            challenge: string | null;
            /** @enum {string} */
            decision: "allowed" | "insufficient_scope" | "arguments_refused" | "hidden" | "no_token";
            missingScopes: string[];
            observed: boolean;
            permission: (string | components["schemas"]["ConditionalPermissionDto"]) | null;
            reason: string;
            scope: string | null;
            scopes: string[];
            status: number | null;
            unmet: components["schemas"]["UnmetDto"][];
        };
        StdioUpstreamDto: {
            args?: string[] | null;
            command?: string;
            /**
             * @example {
             *       "API_KEY": "upstream-key"
             *     }
             */
            env?: {
                [key: string]: string | null;
            } | null;
            /** @enum {string} */
            kind: "stdio";
        };
        StdioUpstreamViewDto: {
            args: string[];
            command: string;
            envNames: string[];
            /** @enum {string} */
            kind: "stdio";
        };
        StorageSettingsDto: {
            auditRetentionDays: number | null;
            /** @enum {string} */
            database: "sqlite" | "mysql" | "mariadb";
            redis: boolean;
            stateMaxStalenessSeconds: number;
            usageRetentionDays: number;
        };
        SuggestedPermissionDto: {
            calls: number;
            coveredBy: string[];
            permission: string;
            targets: string[];
        };
        SuggestionDto: {
            /** Format: date-time */
            from: string;
            isCut: boolean;
            servers: components["schemas"]["ServerSuggestionDto"][];
        };
        TestServerDto: {
            /**
             * @example {
             *       "kind": "http",
             *       "url": "https://mcp.example.com/mcp",
             *       "auth": {
             *         "type": "bearer",
             *         "token": "upstream-token"
             *       }
             *     }
             */
            upstream?: components["schemas"]["HttpUpstreamDto"] | components["schemas"]["StdioUpstreamDto"] | components["schemas"]["DocsUpstreamDto"] | components["schemas"]["GroupUpstreamDto"];
        };
        TestUpstreamDto: {
            /**
             * @example {
             *       "kind": "http",
             *       "url": "https://mcp.example.com/mcp",
             *       "auth": {
             *         "type": "bearer",
             *         "token": "upstream-token"
             *       }
             *     }
             */
            upstream: components["schemas"]["HttpUpstreamDto"] | components["schemas"]["StdioUpstreamDto"] | components["schemas"]["DocsUpstreamDto"] | components["schemas"]["GroupUpstreamDto"];
        };
        TlsSubjectDto: {
            dn?: string;
            sanDns?: string;
            sanEmail?: string;
            sanIp?: string;
            sanUri?: string;
        };
        TokenExchangeAuthDto: {
            audience?: string | null;
            clientId?: string;
            clientSecret?: string;
            resource?: string | null;
            scope?: string | null;
            tokenUrl?: string;
            /** @enum {string} */
            type: "token_exchange";
        };
        TokenExchangeAuthViewDto: {
            audience: string | null;
            clientId: string;
            hasClientSecret: boolean;
            resource: string | null;
            scope: string | null;
            tokenUrl: string;
            /** @enum {string} */
            type: "token_exchange";
        };
        TokenQueryDto: {
            client_id?: string;
            /** Format: password */
            client_secret?: string;
            token: string;
            token_type_hint?: string;
        };
        TokenRequestDto: {
            /** Format: password */
            assertion?: string;
            /** Format: password */
            client_assertion?: string;
            client_assertion_type?: string;
            client_id?: string;
            /** Format: password */
            client_secret?: string;
            /** @enum {string} */
            grant_type: "client_credentials" | "urn:ietf:params:oauth:grant-type:jwt-bearer" | "urn:ietf:params:oauth:grant-type:token-exchange" | "refresh_token";
            /** Format: password */
            refresh_token?: string;
            resource?: string;
            scope?: string;
            /** Format: password */
            subject_token?: string;
            subject_token_type?: string;
        };
        TokenResponseDto: {
            access_token: string;
            expires_in: number;
            issued_token_type?: string;
            refresh_token?: string;
            scope: string;
            /** @enum {string} */
            token_type: "Bearer" | "DPoP";
        };
        TokenSettingsDto: {
            clientCertificates: boolean;
            dpopNonces: boolean;
            keyRotationDays: number;
            optionalGrants: ("jwt-bearer" | "token-exchange")[];
            refreshTokens: boolean;
            refreshTtlSeconds: number;
            /** @enum {string} */
            signingAlg: "ES256" | "RS256" | "PS256" | "EdDSA";
            ttlSeconds: number;
        };
        TracingSettingsDto: {
            ratio: number | null;
            /** @enum {string} */
            sampler: "always_on" | "always_off" | "traceidratio" | "parentbased_always_on" | "parentbased_always_off" | "parentbased_traceidratio";
            serviceName: string;
            url: string;
        };
        TrustDto: {
            audience?: string;
            /**
             * @example {
             *       "environment": "production",
             *       "ref": [
             *         "refs/heads/main",
             *         "refs/tags/*"
             *       ]
             *     }
             */
            claims?: {
                [key: string]: string | string[];
            };
            issuer: string;
            jwksUri?: string;
            subject: string;
        };
        UnmetDto: {
            permission: string | components["schemas"]["ConditionalPermissionDto"];
            reason: string;
            scope: string | null;
        };
        UpdateAdminDto: {
            /** Format: password */
            password?: string;
            /** @enum {string} */
            role?: "owner" | "operator" | "viewer";
        };
        UpdateCredentialDto: {
            /** @default false */
            acceptTokenEndpointAudience?: boolean | null;
            /** @default false */
            allowAssertionReuse?: boolean | null;
            allowedIps?: string[] | null;
            /** @default false */
            certificateBound?: boolean | null;
            docsGroups?: string[] | null;
            /** @default false */
            dpopRequired?: boolean | null;
            /** Format: date-time */
            expiresAt?: string | null;
            grantTypes?: ("client_credentials" | "urn:ietf:params:oauth:grant-type:jwt-bearer" | "urn:ietf:params:oauth:grant-type:token-exchange")[] | null;
            introspects?: string[] | null;
            /** @default true */
            issueRefreshToken?: boolean | null;
            jwks?: {
                [key: string]: unknown;
            } | null;
            jwksUri?: string | null;
            label?: string;
            /** @default false */
            observe?: boolean | null;
            /** Format: date-time */
            observeUntil?: string | null;
            /**
             * @example {
             *       "docs": [
             *         "tools/call:search_docs"
             *       ]
             *     }
             */
            permissions?: {
                [key: string]: (string | components["schemas"]["ConditionalPermissionDto"])[];
            } | null;
            scopes?: string[] | null;
            servers?: string[];
            /** @default false */
            singleUseAssertion?: boolean | null;
            /** @default false */
            strictScope?: boolean | null;
            tlsSubject?: components["schemas"]["TlsSubjectDto"] | null;
            tokensPerHour?: number | null;
            tokenTtl?: number | null;
            trust?: components["schemas"]["TrustDto"] | null;
        };
        UpdateServerDto: {
            /**
             * @default authenticated
             * @enum {string}
             */
            access?: "authenticated" | "public" | "both";
            description?: string | null;
            /** @default false */
            isDefault?: boolean;
            limits?: components["schemas"]["ServerLimitsDto"] | null;
            name?: string;
            scopes?: components["schemas"]["ServerScopeDto"][];
            tokenTtl?: number | null;
            /**
             * @example {
             *       "kind": "http",
             *       "auth": {
             *         "type": "bearer",
             *         "token": "next-token"
             *       }
             *     }
             */
            upstream?: components["schemas"]["HttpUpstreamDto"] | components["schemas"]["StdioUpstreamDto"] | components["schemas"]["DocsUpstreamDto"] | components["schemas"]["GroupUpstreamDto"];
        };
        UpdateWebhookDto: {
            /** @default true */
            enabled?: boolean;
            events?: ("credential.expiring" | "credential.secret_leaked" | "admin_key.leaked" | "server.down" | "server.breaker_open" | "refusals.unusual")[] | null;
            label?: string;
            url?: string;
        };
        UrlsDto: {
            adminApi: string;
            apiDocs: string;
            authorizationServerMetadata: string;
            dashboard: string;
            introspect: string;
            issuer: string;
            jwks: string;
            leaked: string;
            protectedMcp: string;
            publicMcp: string;
            revoke: string;
            token: string;
        };
        UsageCredentialDto: {
            clientId: string | null;
            id: string;
            label: string | null;
        };
        UsagePageDto: {
            items: components["schemas"]["UsageRowDto"][];
            nextCursor: string | null;
        };
        UsageRowDto: {
            /** Format: date-time */
            at?: string;
            count: number;
            credential?: components["schemas"]["UsageCredentialDto"] | null;
            /** @enum {string} */
            kind?: "call" | "token";
            /** @enum {string} */
            outcome?: "ok" | "error" | "failed" | "refused" | "hidden" | "limited" | "issued";
            server?: string | null;
            tool?: string | null;
        };
        WebhookDto: {
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            enabled: boolean;
            events: ("credential.expiring" | "credential.secret_leaked" | "admin_key.leaked" | "server.down" | "server.breaker_open" | "refusals.unusual")[] | null;
            id: string;
            label: string;
            /** Format: date-time */
            previousSecretEndsAt: string | null;
            /** Format: date-time */
            updatedAt: string;
            url: string;
        };
        WebhookPageDto: {
            items: components["schemas"]["WebhookDto"][];
            nextCursor: string | null;
        };
        WebhookWithSecretDto: {
            /** Format: date-time */
            createdAt: string;
            createdBy: string;
            enabled: boolean;
            events: ("credential.expiring" | "credential.secret_leaked" | "admin_key.leaked" | "server.down" | "server.breaker_open" | "refusals.unusual")[] | null;
            id: string;
            label: string;
            /** Format: date-time */
            previousSecretEndsAt: string | null;
            secret: string;
            /** Format: date-time */
            updatedAt: string;
            url: string;
        };
        WhoAmIDto: {
            id: string;
            /** @enum {string} */
            kind: "admin" | "key";
            mustChangePassword: boolean;
            name: string;
            /** @enum {string} */
            role: "owner" | "operator" | "viewer";
            session: components["schemas"]["CurrentSessionDto"] | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    AdminKeysController_page: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminKeyPageDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    AdminKeysController_create: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAdminKeyDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewAdminKeyDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AdminKeysController_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AdminsController_page: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminPageDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    AdminsController_create: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAdminDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewAdminDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AdminsController_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AdminsController_delete: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AdminsController_update: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateAdminDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AdminsController_disable: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AdminsController_enable: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AdminsController_signOut: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AdminsController_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    AdminsController_changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePasswordDto"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    CredentialsController_page: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
                search?: string;
                server?: string;
                sort?: "createdAt" | "-createdAt" | "label" | "-label" | "lastUsedAt" | "-lastUsedAt" | "expiresAt" | "-expiresAt";
                status?: "enabled" | "disabled" | "expired";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialPageDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    CredentialsController_create: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateCredentialDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialWithSecretDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    CredentialsController_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    CredentialsController_delete: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    CredentialsController_update: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateCredentialDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AccessController_access: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    CredentialsController_disable: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    CredentialsController_enable: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    CredentialsController_revokeTokens: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    CredentialsController_rotate: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RotateSecretDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialWithSecretDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    CredentialsController_endSecret: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
                secretId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CredentialDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AccessController_simulate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SimulateDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SimulationDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    AccessController_suggestion: {
        parameters: {
            query?: {
                days?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SuggestionDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    EventsController_page: {
        parameters: {
            query?: {
                actor?: string;
                credential?: string;
                cursor?: string;
                from?: string;
                kind?: string;
                limit?: number;
                secret?: string;
                server?: string;
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPageDto"];
                    "application/x-ndjson": components["schemas"]["EventPageDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    EventsController_follow: {
        parameters: {
            query?: {
                actor?: string;
                credential?: string;
                kind?: string;
                secret?: string;
                server?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    UsageController_read: {
        parameters: {
            query?: {
                window?: "24h" | "7d" | "30d";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OverviewDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ServersController_page: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerPageDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ServersController_create: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateServerDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    ServersController_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    ServersController_delete: {
        parameters: {
            query?: {
                detach?: "true" | "false";
            };
            header?: {
                "If-Match"?: string;
            };
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    ServersController_update: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateServerDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    DocsAdminController_status: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocsStatusDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    DocsAdminController_listFeedback: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocsFeedbackPageDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    DocsAdminController_removeFeedback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    DocsPagesController_list: {
        parameters: {
            query?: {
                cursor?: string;
                language?: string;
                limit?: number;
                search?: string;
                version?: string;
                visibility?: "public" | "authenticated" | "groups";
            };
            header?: never;
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocsPagesDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    DocsAdminController_refresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    DocsAdminController_makeWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocsWebhookDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    DocsAdminController_removeWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    ServerTestController_testStored: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TestServerDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerTestDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    ServerTestController_testUnsaved: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TestUpstreamDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerTestDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    SessionController_whoAmI: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WhoAmIDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    SessionController_signIn: {
        parameters: {
            query?: never;
            header?: {
                "Gatehouse-Csrf"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignInDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WhoAmIDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    SessionController_signOut: {
        parameters: {
            query?: never;
            header?: {
                "Gatehouse-Csrf"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedOutDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    SessionController_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionListDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    SessionController_signOutEverywhere: {
        parameters: {
            query?: never;
            header?: {
                "Gatehouse-Csrf"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    SessionController_options: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInOptionsDto"];
                };
            };
        };
    };
    SettingsController_read: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingsDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    SigningKeysController_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningKeyPageDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    SigningKeysController_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                kid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    SigningKeysController_rotate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningKeyPageDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    UsageController_page: {
        parameters: {
            query?: {
                credential?: string;
                cursor?: string;
                from?: string;
                groupBy?: string;
                kind?: "call" | "token";
                limit?: number;
                order?: "group" | "count";
                outcome?: "ok" | "error" | "failed" | "refused" | "hidden" | "limited" | "issued";
                server?: string;
                to?: string;
                tool?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsagePageDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    WebhooksController_page: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookPageDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    WebhooksController_create: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWebhookDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecretDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    WebhooksController_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    WebhooksController_delete: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    WebhooksController_update: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateWebhookDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    WebhooksController_deliveries: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
                status?: "pending" | "delivered" | "failed" | "dropped";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryPageDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    WebhooksController_rotate: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RotateWebhookDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecretDto"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    WebhooksController_test: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryDto"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
}
