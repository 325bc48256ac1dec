import { Checkbox, MultiSelect, TagsInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { settingsQuery } from '../../api/settings.js';
import { Disclosure } from '../../parts/disclosure.js';
import type { FieldsProps } from './credential-fields.js';
import { type CredentialDraft, type DraftFaults, EMPTY_DRAFT, GRANTS, grantsOf } from './draft.js';

const MAX_OBSERVE_DAYS = 30;

const FIELDS = [
  'docsGroups',
  'observe',
  'observeUntil',
  'grantTypes',
  'issueRefreshToken',
  'strictScope',
  'dpopRequired',
  'certificateBound',
  'introspects',
  'acceptTokenEndpointAudience',
  'allowAssertionReuse',
  'singleUseAssertion',
] as const satisfies readonly (keyof CredentialDraft)[];

const isUsed = (draft: CredentialDraft): boolean =>
  FIELDS.some((field) => JSON.stringify(draft[field]) !== JSON.stringify(EMPTY_DRAFT[field]));
const hasFault = (faults: DraftFaults): boolean => FIELDS.some((field) => faults[field] !== undefined);

/** What few credentials need: who sees which pages, observation, grants, and how tight its tokens are. */
export function AdvancedFields(props: FieldsProps): ReactElement {
  const { draft, change, faults, servers } = props;
  return (
    <Disclosure label="Advanced" isUsed={isUsed(draft)} hasFault={hasFault(faults)}>
      <TagsInput
        label="Reader groups"
        description="On documentation servers it sees the pages of these groups, besides those without any."
        placeholder="Type one and press Enter"
        value={draft.docsGroups}
        onChange={(docsGroups) => change({ docsGroups })}
        error={faults.docsGroups}
      />
      <Observation {...props} />
      <Grants {...props} />
      <Switches {...props} />
      <MultiSelect
        label="May introspect tokens of"
        description="For resource servers: it may ask whether a token for these servers is good (RFC 7662)."
        data={servers.map(({ slug, name }) => ({ value: slug, label: name }))}
        value={draft.introspects}
        onChange={(introspects) => change({ introspects })}
        error={faults.introspects}
      />
    </Disclosure>
  );
}

function Observation({ draft, change, faults }: FieldsProps): ReactElement {
  return (
    <div className="gh-stack-tight">
      <Checkbox
        label="Observe mode"
        description="On its servers it may do everything, and what its scopes would have refused is recorded. Good for finding out what a machine needs."
        checked={draft.observe}
        onChange={(event) => change({ observe: event.currentTarget.checked, observeUntil: '' })}
        error={faults.observe}
      />
      {draft.observe ? (
        <TextInput
          className="gh-nested"
          type="datetime-local"
          label="Observe mode ends"
          description={`Empty: in seven days. In ${MAX_OBSERVE_DAYS} days at the latest.`}
          value={draft.observeUntil}
          onChange={(event) => change({ observeUntil: event.currentTarget.value })}
          error={faults.observeUntil}
        />
      ) : null}
    </div>
  );
}

/** A workload has one grant only, so there is nothing to choose. */
function Grants({ draft, change, faults }: FieldsProps): ReactElement | null {
  const tokens = useQuery(settingsQuery).data?.tokens;
  const isExchangeOff = tokens?.optionalGrants.includes('token-exchange') === false;
  if (draft.authMethod === 'workload_identity') return null;
  const chosen = grantsOf(draft);
  return (
    <Checkbox.Group
      label="Grants"
      description="How it may get tokens."
      value={chosen}
      // Without any it could get no token at all.
      onChange={(grantTypes) => (grantTypes.length > 0 ? change({ grantTypes }) : undefined)}
      error={faults.grantTypes}
    >
      <div className="gh-choices">
        <Checkbox value={GRANTS.own} label="For itself" description="client_credentials: what almost every machine does." />
        <Checkbox
          value={GRANTS.exchange}
          label="For others, by token exchange"
          description={
            isExchangeOff
              ? 'Off in this installation: see OPTIONAL_GRANTS.'
              : 'An agent trades somebody else’s token for one that says both: for whom, and who acts (RFC 8693).'
          }
          disabled={isExchangeOff && !chosen.includes(GRANTS.exchange)}
        />
      </div>
    </Checkbox.Group>
  );
}

type SwitchName = 'issueRefreshToken' | 'strictScope' | 'dpopRequired' | 'certificateBound' | MethodSwitch;
type MethodSwitch = 'acceptTokenEndpointAudience' | 'allowAssertionReuse' | 'singleUseAssertion';

/** Switches that only one method has. */
const OF_METHOD: Readonly<Partial<Record<CredentialDraft['authMethod'], readonly (readonly [MethodSwitch, string, string])[]>>> = {
  private_key_jwt: [
    [
      'acceptTokenEndpointAudience',
      'Accept the token endpoint as audience',
      'For old clients. A server that it also signs in to could replay what it signs; every use is logged.',
    ],
    ['allowAssertionReuse', 'Let it reuse an assertion', 'For clients that sign one and send it until it expires.'],
  ],
  workload_identity: [
    ['singleUseAssertion', 'Each token of its platform counts once', 'A stolen one is of no use after its workload has used it.'],
  ],
};

function Switches({ draft, change, faults }: FieldsProps): ReactElement {
  const tokens = useQuery(settingsQuery).data?.tokens;
  const flip = (name: SwitchName, label: string, description: string, isOff = false): ReactElement => (
    <Checkbox
      key={name}
      label={label}
      description={description}
      checked={draft[name]}
      disabled={isOff && !draft[name]}
      onChange={(event) => change({ [name]: event.currentTarget.checked })}
      error={faults[name]}
    />
  );
  const hasCertificates = tokens?.clientCertificates !== false;
  return (
    <div className="gh-choices">
      {flip('strictScope', 'Refuse what it cannot have', 'Asking for a scope beyond its permissions fails, instead of leaving it out.')}
      {flip(
        'issueRefreshToken',
        'Give it refresh tokens',
        tokens?.refreshTokens === false ? 'Of no effect here: REFRESH_TOKENS is off in this installation.' : 'With each token of its own.',
      )}
      {flip(
        'dpopRequired',
        'Require DPoP',
        'No token without proof of a key that it holds (RFC 9449). A stolen token is of no use then; not every client can do it.',
      )}
      {flip(
        'certificateBound',
        'Bind its tokens to its client certificate',
        hasCertificates ? 'They are of no use over another connection (RFC 8705).' : 'Off in this installation: see CLIENT_CERT_HEADER.',
        !hasCertificates,
      )}
      {OF_METHOD[draft.authMethod]?.map(([name, label, description]) => flip(name, label, description))}
    </div>
  );
}
