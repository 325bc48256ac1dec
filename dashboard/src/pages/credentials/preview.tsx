import type { ReactElement } from 'react';
import { type Server, useServerTools } from '../../api/servers.js';
import { Icon } from '../../parts/icon.js';
import { Tags } from '../../parts/pill.js';
import { formatDuration, formatInstant } from '../../parts/times.js';
import type { CredentialDraft } from './draft.js';
import { describePermission, writePermission } from '../../access/permissions.js';
import { heldScopes, mayCall } from '../../access/tool-choice.js';

/** What the credential in the form will be able to do: the tools it could call, server by server. */
export function Preview({ draft, servers }: { readonly draft: CredentialDraft; readonly servers: readonly Server[] }): ReactElement {
  const chosen = servers.filter(({ slug }) => draft.servers.includes(slug));
  return (
    <aside className="gh-preview" aria-label="What it will be able to do" aria-live="polite">
      <h3>What it will be able to do</h3>
      {chosen.length === 0 ? <p className="gh-dim gh-small">Nothing yet: choose a server.</p> : null}
      {chosen.map((server) => (
        <ServerPreview key={server.slug} server={server} draft={draft} />
      ))}
      {chosen.length > 0 ? <p className="gh-dim gh-small">{terms(draft)}</p> : null}
    </aside>
  );
}

function terms({ tokenTtl, expiresAt, allowedIps }: CredentialDraft): string {
  return [
    tokenTtl === null ? undefined : `A token lives ${formatDuration(tokenTtl)}.`,
    expiresAt === '' ? 'It does not end by itself.' : `It ends on ${formatInstant(new Date(expiresAt).toISOString())}.`,
    allowedIps.length > 0 ? `Only from ${allowedIps.join(', ')}.` : undefined,
  ]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
}

function ServerPreview({ server, draft }: { readonly server: Server; readonly draft: CredentialDraft }): ReactElement {
  const tools = useServerTools(server.slug);
  const scopes = heldScopes(draft, server);
  const own = draft.permissions[server.slug];
  return (
    <div className="gh-preview-server">
      <strong>{server.name}</strong>
      <Tags values={scopes.map(({ name }) => name)} none="no scope: it may call nothing here" />
      {tools && scopes.length > 0 ? (
        <ToolPreview tools={tools.map(({ name }) => ({ name, may: mayCall(draft, server, name) }))} />
      ) : (
        <ul className="gh-tools">
          {(own ?? scopes.flatMap(({ permissions }) => permissions)).map((permission) => (
            <li key={writePermission(permission)} data-may="true">
              <Icon name="check" size={14} />
              <span className="gh-break">{describePermission(permission)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** So many hidden tools are named; of more, it is what can be called that one looks for. */
const NAMED_HIDDEN = 6;

function ToolPreview({ tools }: { readonly tools: readonly { readonly name: string; readonly may: boolean }[] }): ReactElement {
  const hidden = tools.filter(({ may }) => !may).length;
  const shown = hidden > NAMED_HIDDEN ? tools.filter(({ may }) => may) : tools;
  return (
    <>
      <ul className="gh-tools">
        {shown.map(({ name, may }) => (
          <li key={name} data-may={may}>
            <Icon name={may ? 'check' : 'close'} size={14} />
            <span className="gh-break">{name}</span>
            <span className="gh-visually-hidden">{may ? 'may be called' : 'hidden from it'}</span>
          </li>
        ))}
      </ul>
      {hidden > NAMED_HIDDEN ? <p className="gh-dim gh-small">{hidden} tools are hidden from it.</p> : null}
    </>
  );
}
