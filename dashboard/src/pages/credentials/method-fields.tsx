import { Button, JsonInput, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import type { ReactElement } from 'react';
import { Note } from '../../parts/notes.js';
import type { CredentialDraft } from './draft.js';
import type { FieldsProps } from './credential-fields.js';

/** What a method needs beyond its name. */
export function MethodFields(props: FieldsProps): ReactElement | null {
  switch (props.draft.authMethod) {
    case 'client_secret':
      return null;
    case 'private_key_jwt':
      return <KeyFields {...props} />;
    case 'self_signed_tls_client_auth':
      return <JwksField {...props} about="The public key of its certificate, as a JWK Set." />;
    case 'tls_client_auth':
      return <CertificateFields {...props} />;
    case 'workload_identity':
      return <TrustFields {...props} />;
  }
}

function JwksField({ draft, change, faults, about }: FieldsProps & { readonly about: string }): ReactElement {
  return (
    <JsonInput
      label="Public keys"
      description={about}
      placeholder='{ "keys": [ { "kty": "EC", … } ] }'
      autosize
      minRows={4}
      maxRows={10}
      formatOnBlur
      classNames={{ input: 'gh-mono' }}
      value={draft.jwks}
      onChange={(jwks) => change({ jwks })}
      error={faults.jwks}
    />
  );
}

function KeyFields(props: FieldsProps): ReactElement {
  const { draft, change, faults } = props;
  return (
    <div className="gh-stack-tight">
      <SegmentedControl
        aria-label="Where its public keys are"
        data={[
          { value: 'jwks', label: 'Paste its public keys' },
          { value: 'jwksUri', label: 'Fetch them from a URL' },
        ]}
        value={draft.keySource}
        onChange={(keySource) => change({ keySource: keySource === 'jwksUri' ? 'jwksUri' : 'jwks' })}
      />
      {draft.keySource === 'jwks' ? (
        <JwksField {...props} about="A JWK Set (RFC 7517). A private key is refused." />
      ) : (
        <TextInput
          label="URL of its JWK Set"
          placeholder="https://ci.example.com/jwks.json"
          value={draft.jwksUri}
          onChange={(event) => change({ jwksUri: event.currentTarget.value })}
          error={faults.jwksUri}
        />
      )}
    </div>
  );
}

const TLS_FIELDS = [
  { value: 'dn', label: 'Subject' },
  { value: 'sanDns', label: 'DNS name' },
  { value: 'sanUri', label: 'URI' },
  { value: 'sanIp', label: 'IP address' },
  { value: 'sanEmail', label: 'E-mail address' },
];

function CertificateFields({ draft, change, faults }: FieldsProps): ReactElement {
  return (
    <div className="gh-two">
      <Select
        label="Its certificate names"
        data={TLS_FIELDS}
        value={draft.tlsField}
        allowDeselect={false}
        onChange={(value) => change({ tlsField: (value ?? 'dn') as CredentialDraft['tlsField'] })}
      />
      <TextInput
        label="Which is exactly"
        placeholder={draft.tlsField === 'dn' ? 'CN=nightly,O=Acme' : ''}
        value={draft.tlsValue}
        onChange={(event) => change({ tlsValue: event.currentTarget.value })}
        error={faults.tlsValue}
      />
    </div>
  );
}

const PLATFORMS: readonly { readonly label: string; readonly part: Partial<CredentialDraft> }[] = [
  {
    label: 'GitHub Actions',
    part: { issuer: 'https://token.actions.githubusercontent.com', subject: 'repo:acme/site:ref:refs/heads/main' },
  },
  {
    label: 'GitLab CI',
    part: { issuer: 'https://gitlab.com', subject: 'project_path:acme/site:ref_type:branch:ref:main' },
  },
  {
    label: 'Kubernetes',
    part: { issuer: 'https://kubernetes.default.svc.cluster.local', subject: 'system:serviceaccount:default:agent' },
  },
];

function TrustFields({ draft, change, faults }: FieldsProps): ReactElement {
  return (
    <div className="gh-stack-tight">
      <div className="gh-row" role="group" aria-label="Begin with a platform">
        <span className="gh-dim gh-small">Begin with</span>
        {PLATFORMS.map(({ label, part }) => (
          <Button key={label} size="compact-sm" variant="default" onClick={() => change(part)}>
            {label}
          </Button>
        ))}
      </div>
      <TextInput
        label="Issuer"
        description="Compared exactly with iss in its tokens."
        value={draft.issuer}
        onChange={(event) => change({ issuer: event.currentTarget.value })}
        error={faults.issuer}
      />
      <TextInput
        label="Subject"
        description="Which of the issuer’s tokens count. * stands for any characters; write it last, or better not at all."
        value={draft.subject}
        onChange={(event) => change({ subject: event.currentTarget.value })}
        error={faults.subject}
      />
      <Textarea
        label="Further claims that must match"
        description="A JSON object. Ids that are never given twice belong here: names can be taken over."
        placeholder='{ "repository_id": "1296269" }'
        autosize
        minRows={2}
        classNames={{ input: 'gh-mono' }}
        value={draft.claims}
        onChange={(event) => change({ claims: event.currentTarget.value })}
        error={faults.claims}
      />
      <TextInput
        label="Audience"
        description="Empty: this installation’s issuer identifier."
        value={draft.audience}
        onChange={(event) => change({ audience: event.currentTarget.value })}
        error={faults.audience}
      />
      <Note tone="quiet">One issuer signs for all of its customers: be as narrow as you can.</Note>
    </div>
  );
}
