import { Accordion, Button, Select, Textarea } from '@mantine/core';
import { type ReactElement, useState } from 'react';
import { Icon } from '../../parts/icon.js';
import { Note } from '../../parts/notes.js';
import { Pill } from '../../parts/pill.js';
import { callTool, type Exchange, type Flow, type FlowInput, runFlow, type Tool } from './try-flow.js';

/** Runs the whole flow in this browser, as a machine would, and shows each request and answer. */
export function TryIt(input: FlowInput): ReactElement {
  const [exchanges, setExchanges] = useState<readonly Exchange[]>([]);
  const [flow, setFlow] = useState<Flow | null>(null);
  const [isBusy, setBusy] = useState(false);
  const add = (exchange: Exchange): void => setExchanges((before) => [...before, exchange]);

  const start = async (): Promise<void> => {
    setExchanges([]);
    setFlow(null);
    setBusy(true);
    setFlow(await runFlow(input, add));
    setBusy(false);
  };
  const failed = exchanges.find(({ isAsExpected }) => !isAsExpected);

  return (
    <div className="gh-stack-tight">
      <div className="gh-row-apart">
        <p className="gh-dim gh-small">Everything that a client does, from the first refusal to the list of tools. It counts as use.</p>
        <Button
          size="sm"
          variant={exchanges.length > 0 ? 'default' : 'filled'}
          loading={isBusy}
          onClick={() => void start()}
          leftSection={<Icon name="play" size={14} />}
        >
          {exchanges.length > 0 ? 'Run again' : 'Try it'}
        </Button>
      </div>
      <div aria-live="polite">
        {exchanges.length > 0 ? <Exchanges exchanges={exchanges} /> : null}
        {failed ? (
          <Note tone="bad" title={`“${failed.title}” did not go as it should.`}>
            Its answer above says why.
          </Note>
        ) : null}
        {flow?.token !== undefined && !failed && flow.tools.length === 0 ? (
          <Note tone="warn" title="It works, and may call nothing.">
            Give it a scope that covers a tool.
          </Note>
        ) : null}
      </div>
      {flow?.token !== undefined && flow.tools.length > 0 ? (
        <ToolCall
          tools={flow.tools}
          isBusy={isBusy}
          onCall={async (name, args) => {
            if (flow.token === undefined) return;
            setBusy(true);
            add(await callTool(input.resource, flow.token, name, args));
            setBusy(false);
          }}
        />
      ) : null}
    </div>
  );
}

function Exchanges({ exchanges }: { readonly exchanges: readonly Exchange[] }): ReactElement {
  return (
    <Accordion multiple variant="separated" className="gh-exchanges" order={4}>
      {exchanges.map((exchange, index) => (
        <Accordion.Item key={`${index} ${exchange.title}`} value={String(index)}>
          <Accordion.Control>
            <span className="gh-exchange-head">
              <Pill tone={exchange.isAsExpected ? 'good' : 'bad'}>{exchange.status ?? 'no answer'}</Pill>
              <span>{exchange.title}</span>
              <span className="gh-dim gh-small gh-number">{Math.round(exchange.milliseconds)} ms</span>
            </span>
          </Accordion.Control>
          <Accordion.Panel>
            <p className="gh-dim gh-small">{exchange.about}</p>
            <Raw label={`Request: ${exchange.title}`} text={exchange.request} />
            <Raw label={`Answer: ${exchange.title}`} text={exchange.answer} />
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

const Raw = ({ label, text }: { readonly label: string; readonly text: string }): ReactElement => (
  <div className="gh-code gh-raw">
    <pre tabIndex={0} role="region" aria-label={label}>
      <code>{text}</code>
    </pre>
  </div>
);

/** Arguments to begin with: the required ones, empty. */
function beginning({ inputSchema }: Tool): string {
  const names = inputSchema?.required ?? Object.keys(inputSchema?.properties ?? {}).slice(0, 1);
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, ''])), null, 2);
}

interface ToolCallProps {
  readonly tools: readonly Tool[];
  readonly isBusy: boolean;
  readonly onCall: (name: string, args: unknown) => Promise<void>;
}

function ToolCall({ tools, isBusy, onCall }: ToolCallProps): ReactElement {
  const [name, setName] = useState(tools[0]?.name ?? '');
  const tool = tools.find((one) => one.name === name);
  const [args, setArgs] = useState(tool ? beginning(tool) : '{}');
  const [fault, setFault] = useState<string>();
  const choose = (chosen: string | null): void => {
    const next = tools.find((one) => one.name === chosen);
    if (!next) return;
    setName(next.name);
    setArgs(beginning(next));
  };
  const call = (): void => {
    try {
      const parsed: unknown = JSON.parse(args);
      setFault(undefined);
      void onCall(name, parsed);
    } catch {
      setFault('This is not JSON.');
    }
  };
  return (
    <div className="gh-stack-tight">
      <Select
        label="Call a tool"
        description={tool?.description?.split('\n', 1)[0]}
        data={tools.map((one) => one.name)}
        value={name}
        onChange={choose}
        allowDeselect={false}
        searchable={tools.length > 8}
      />
      <Textarea
        label="Arguments"
        autosize
        minRows={2}
        maxRows={8}
        classNames={{ input: 'gh-mono' }}
        value={args}
        onChange={(event) => setArgs(event.currentTarget.value)}
        error={fault}
      />
      <div>
        <Button size="sm" variant="default" onClick={call} loading={isBusy}>
          Call it
        </Button>
      </div>
    </div>
  );
}
