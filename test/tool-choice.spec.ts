import { describe, expect, it } from '@jest/globals';
import {
  type Change,
  type Choice,
  mayCall,
  type Offer,
  withAll,
  withNothing,
  withOther,
  withoutOther,
  withoutTool,
  withScopes,
  withTool,
} from '../dashboard/src/access/tool-choice.js';

const scope = (name: string, permissions: Offer['scopes'][number]['permissions'], isDefault = false) => ({
  name,
  description: null,
  permissions,
  default: isDefault,
});
const TOOLS = ['read_file', 'read_folder', 'write_file', 'delete_file', 'odd'];
const files: Offer = {
  slug: 'files',
  tools: TOOLS,
  scopes: [
    scope('all', ['tools/call:*_*', 'resources/read', 'prompts/get']),
    scope('read', ['tools/call:read_*'], true),
    scope('delete', ['tools/call:delete_file']),
  ],
};
const other: Offer = {
  slug: 'other',
  tools: ['read_mail', 'send_mail'],
  scopes: [scope('read', ['tools/call:read_*'], true), scope('all', ['*'])],
};
const START: Choice = { servers: ['files', 'other'], hasDefaultScopes: true, scopes: [], permissions: {} };

const ask = (choice: Choice, offer = files) => ({ choice, offer, offers: [files, other] });
const after = (choice: Choice, change: Change): Choice => ({ ...choice, ...change });
const callable = (choice: Choice, offer = files): string[] => (offer.tools ?? []).filter((tool) => mayCall(choice, offer, tool));

describe('choosing tools', () => {
  it('takes one tool away and leaves the others', () => {
    const choice = after(START, withoutTool(ask(START), 'read_folder'));
    expect(choice).toMatchObject({ hasDefaultScopes: true, permissions: { files: ['tools/call:read_file'] } });
    expect(callable(choice)).toEqual(['read_file']);
    expect(callable(choice, other)).toEqual(['read_mail']);
  });

  it('brings the narrowest scope with a tool, and of that scope this tool only', () => {
    const choice = after(START, withTool(ask(START), 'write_file'));
    expect(choice).toMatchObject({ hasDefaultScopes: false, scopes: ['read', 'all'] });
    expect(callable(choice)).toEqual(['read_file', 'read_folder', 'write_file']);
  });

  it('leaves another server, which has a scope of the same name, as it was', () => {
    const choice = after(START, withTool(ask(START), 'write_file'));
    expect(callable(choice, other)).toEqual(['read_mail']);
  });

  it('narrows nothing where the scope gives this tool and nothing else', () => {
    const choice = after(START, withTool(ask(START), 'delete_file'));
    expect(choice).toMatchObject({ scopes: ['read', 'delete'], permissions: {} });
  });

  it('gives no tool that no scope gives', () => {
    expect(withTool(ask(START), 'odd')).toEqual({});
  });

  it('begins with nothing, and ends with everything that the scopes give', () => {
    const nothing = after(START, withNothing(ask(START)));
    expect(callable(nothing)).toEqual([]);
    const one = after(nothing, withTool(ask(nothing), 'read_file'));
    expect(one.permissions).toEqual({ files: ['tools/call:read_file'] });
    expect(after(one, withAll(ask(one))).permissions).toEqual({});
  });

  it('ticks what a scope brings, and unticks what nothing gives any more', () => {
    const one = after(START, withoutTool(ask(START), 'read_folder'));
    const more = after(one, withScopes(one, { hasDefaultScopes: false, scopes: ['read', 'delete'] }, [files, other]));
    expect(callable(more)).toEqual(['read_file', 'delete_file']);
    const less = after(more, withScopes(more, { hasDefaultScopes: false, scopes: ['delete'] }, [files, other]));
    expect(less.permissions).toEqual({ files: ['tools/call:delete_file'] });
  });

  it('keeps the conditions of a permission that covered several tools', () => {
    const own = { permission: 'tools/call:read_*', arguments: { path: { prefix: '/data/' } } };
    const choice: Choice = { ...START, permissions: { files: [own] } };
    expect(withoutTool(ask(choice), 'read_folder').permissions).toEqual({ files: [{ ...own, permission: 'tools/call:read_file' }] });
  });

  it('keeps resources and prompts when a tool goes, and takes them as a whole', () => {
    const all: Choice = { ...START, hasDefaultScopes: false, scopes: ['all'] };
    const choice = after(all, withoutTool(ask(all, other), 'send_mail'));
    expect(choice.permissions).toEqual({ other: ['tools/call:read_mail', 'resources/read', 'prompts/get'] });
    const fewer = after(choice, withoutOther(ask(choice, other), 'prompts/get'));
    expect(fewer.permissions).toEqual({ other: ['tools/call:read_mail', 'resources/read'] });
    expect(withOther(ask(fewer, other), 'prompts/get').permissions).toEqual(choice.permissions);
  });
});
