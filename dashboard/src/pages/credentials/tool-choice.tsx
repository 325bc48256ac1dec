import { Button, Checkbox, TextInput } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import {
  type Change,
  type Choice,
  heldScopes,
  isOtherGiven,
  mayCall,
  mayUseOther,
  type Offer,
  type Other,
  OTHERS,
  scopesFor,
  withAll,
  withNothing,
  withOther,
  withoutOther,
  withoutTool,
  withTool,
} from '../../access/tool-choice.js';
import type { ServerTool } from '../../api/servers.js';
import { ErrorNote, Note } from '../../parts/notes.js';
import { BlockSkeleton } from '../../parts/skeletons.js';
import type { Catalog } from './use-catalogs.js';

/** So many tools are found without a search. */
const FEW = 8;

interface ToolChoiceProps {
  readonly choice: Choice;
  readonly change: (part: Change) => void;
  readonly catalogs: readonly Catalog[];
  readonly fault: string | undefined;
}

/** The real tools of the chosen servers, each with a tick: by its scopes, or by itself. */
export function ToolChoice({ choice, change, catalogs, fault }: ToolChoiceProps): ReactElement | null {
  if (catalogs.length === 0) return null;
  const offers = catalogs.map(({ offer }) => offer);
  return (
    <div className="gh-stack-tight" role="group" aria-label="Tools">
      <div>
        <strong className="gh-small">Tools</strong>
        <p className="gh-dim gh-small">A tick more brings the scope that it needs, a tick less keeps it from this tool alone.</p>
      </div>
      {catalogs.map((catalog) => (
        <ToolsOf key={catalog.server.slug} catalog={catalog} choice={choice} offers={offers} change={change} />
      ))}
      {fault === undefined ? null : (
        <p className="gh-field-error" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

interface ToolsOfProps extends Pick<ToolChoiceProps, 'choice' | 'change'> {
  readonly catalog: Catalog;
  readonly offers: readonly Offer[];
}

function ToolsOf({ catalog, choice, offers, change }: ToolsOfProps): ReactElement {
  const { server, tools, offer } = catalog;
  const [search, setSearch] = useState('');
  const question = { choice, offer, offers };
  const wanted = search.trim().toLowerCase();
  const shown = tools?.filter(({ name, title }) => `${name} ${title ?? ''}`.toLowerCase().includes(wanted)) ?? [];
  return (
    <section className="gh-tool-choice" aria-label={`Tools of ${server.name}`}>
      <div className="gh-row-apart">
        <strong className="gh-break">{server.name}</strong>
        <span className="gh-row">
          {choice.permissions[server.slug] === undefined ? null : (
            <Button size="compact-xs" variant="subtle" onClick={() => change(withAll(question))}>
              All that its scopes give
            </Button>
          )}
          {tools && tools.length > 1 ? (
            <Button size="compact-xs" variant="subtle" aria-label={`None of ${server.name}`} onClick={() => change(withNothing(question))}>
              None
            </Button>
          ) : null}
        </span>
      </div>
      <Extent catalog={catalog} choice={choice} />
      <Trouble catalog={catalog} />
      {tools && tools.length > FEW ? (
        <TextInput
          size="xs"
          type="search"
          aria-label={`Find a tool of ${server.name}`}
          placeholder="Find a tool"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          onKeyDown={(event) => {
            // A search is no wish to make the credential.
            if (event.key === 'Enter') event.preventDefault();
          }}
        />
      ) : null}
      <div className="gh-tool-ticks">
        {shown.map((tool) => (
          <ToolTick key={tool.name} tool={tool} question={question} change={change} />
        ))}
        {tools && tools.length > 0 && shown.length === 0 ? <p className="gh-dim gh-small">No tool is called so.</p> : null}
        {wanted === '' ? <Others catalog={catalog} question={question} change={change} /> : null}
      </div>
    </section>
  );
}

interface TickProps {
  readonly question: { readonly choice: Choice; readonly offer: Offer; readonly offers: readonly Offer[] };
  readonly change: (part: Change) => void;
}

function ToolTick({ tool, question, change }: TickProps & { readonly tool: ServerTool }): ReactElement {
  const { choice, offer } = question;
  const givers = scopesFor(offer, tool.name);
  const held = heldScopes(choice, offer);
  const by = givers.filter((scope) => held.includes(scope));
  const scopes = (by.length > 0 ? by : givers.slice(0, 1)).map(({ name }) => name).join(', ');
  const means = by.length > 0 ? `by ${scopes}` : `needs ${scopes}`;
  return (
    <Checkbox
      size="sm"
      label={<code className="gh-break">{tool.name}</code>}
      title={tool.description ?? undefined}
      description={givers.length === 0 ? 'No scope of this server gives it.' : [tool.title, means].filter(Boolean).join(' · ')}
      disabled={givers.length === 0}
      checked={mayCall(choice, offer, tool.name)}
      onChange={(event) => change(event.currentTarget.checked ? withTool(question, tool.name) : withoutTool(question, tool.name))}
    />
  );
}

const OTHER_LABELS: Readonly<Record<Other, string>> = { [OTHERS.resources]: 'Its resources', [OTHERS.prompts]: 'Its prompts' };

/** Resources and prompts, as a whole: what of them is for the scopes to say. */
function Others({ catalog, question, change }: TickProps & { readonly catalog: Catalog }): ReactElement {
  const { choice, offer } = question;
  const counts = { [OTHERS.resources]: catalog.resources, [OTHERS.prompts]: catalog.prompts };
  const shown = Object.values(OTHERS).filter((method) => counts[method] > 0 && isOtherGiven(choice, offer, method));
  return (
    <>
      {shown.map((method) => (
        <Checkbox
          key={method}
          size="sm"
          label={OTHER_LABELS[method]}
          checked={mayUseOther(choice, offer, method)}
          onChange={(event) => change(event.currentTarget.checked ? withOther(question, method) : withoutOther(question, method))}
        />
      ))}
    </>
  );
}

/** How much of the server it may use, and whether that grows with the server. */
function Extent({ catalog, choice }: { readonly catalog: Catalog; readonly choice: Choice }): ReactElement | null {
  const { tools, offer, isCut } = catalog;
  if (!tools) return null;
  const count = tools.filter(({ name }) => mayCall(choice, offer, name)).length;
  const isNarrowed = choice.permissions[offer.slug] !== undefined;
  const scope = isNarrowed ? 'What the server gets later stays out.' : 'As its scopes say, also of what the server gets later.';
  return (
    <p className="gh-dim gh-small" role="status">
      {count} of {tools.length} {tools.length === 1 ? 'tool' : 'tools'}. {scope}
      {isCut ? ' The server has more tools than are listed here.' : ''}
    </p>
  );
}

function Trouble({ catalog }: { readonly catalog: Catalog }): ReactElement | null {
  const { isPending, error, problem, retry, tools } = catalog;
  if (isPending) return <BlockSkeleton height={64} />;
  if (error) return <ErrorNote error={error} retry={retry} />;
  if (problem === undefined) return tools?.length === 0 ? <p className="gh-dim gh-small">It has no tools.</p> : null;
  return (
    <Note
      tone="warn"
      title="Its tools cannot be listed now."
      action={
        <Button size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      }
    >
      {problem} Its scopes can be chosen all the same.
    </Note>
  );
}
