import { describe, expect, it } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { readSpecification, splitOperationName } from './openapi.js';

const USERS = `
openapi: 3.1.0
info: { title: Users, version: '1' }
paths:
  /users/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: string, format: uuid }, description: Which user. }
    get:
      summary: Get a user
      tags: [Users]
      description: Returns one user.
      responses:
        '200':
          description: The user.
          content:
            application/json:
              schema: { $ref: '#/components/schemas/User' }
        '404': { $ref: '#/components/responses/Missing' }
    delete:
      operationId: removeUser
      deprecated: true
    patch: { x-hidden: true }
  /users:
    post:
      summary: Get a user
      tags: [Users]
      requestBody:
        description: The new one.
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: { type: string, description: The full name. }
                role: { enum: [admin, reader] }
                friends: { type: array, items: { $ref: '#/components/schemas/User' } }
components:
  responses:
    Missing: { description: There is none. }
  schemas:
    User:
      type: object
      properties:
        name: { type: string }
        manager: { $ref: '#/components/schemas/User' }
        other: { $ref: 'https://example.com/schema.json' }
`;

describe('readSpecification', () => {
  it('makes a page of every operation, with parameters, body and answers', () => {
    const [get, remove, post] = readSpecification(USERS);
    expect([get, remove, post].map((operation) => [operation?.name, operation?.title, operation?.path])).toEqual([
      ['GET /users/{id}', 'Get a user', 'users/get-a-user'],
      ['DELETE /users/{id}', 'removeUser', 'delete-users-id'],
      ['POST /users', 'Get a user', 'users/get-a-user-1'],
    ]);
    expect(get?.markdown).toContain(
      '# Get a user\n\n`GET /users/{id}`\n\nReturns one user.\n\n## Parameters\n\n- `id` (path, string (uuid), required): Which user.',
    );
    expect(get?.markdown).toContain(
      '## Response 200\n\nThe user.\n\n`application/json`\n\n- `name` (string)\n- `manager` (User)\n  - `name` (string)',
    );
    expect(get?.markdown).toContain('## Response 404\n\nThere is none.');
    expect(remove?.markdown).toContain('`DELETE /users/{id}` (deprecated)');
    expect(post?.markdown).toContain(
      '## Request body\n\nThe new one.\n\n`application/json`\n\n- `name` (string, required): The full name.\n- `role` ("admin" | "reader")\n- `friends` (array of User)\n  - `name` (string)',
    );
  });

  it('reads Swagger 2', () => {
    const swagger = {
      swagger: '2.0',
      paths: {
        '/pets': {
          post: {
            parameters: [{ in: 'body', name: 'pet', schema: { $ref: '#/definitions/Pet' } }],
            responses: { 200: { description: 'ok', schema: { $ref: '#/definitions/Pet' } } },
          },
        },
      },
      definitions: { Pet: { properties: { name: { type: 'string' } } } },
    };
    const [operation] = readSpecification(JSON.stringify(swagger));
    expect(operation).toMatchObject({ title: 'POST /pets', path: 'post-pets' });
    expect(operation?.markdown).toContain('- `pet` (body, Pet)\n  - `name` (string)');
    expect(operation?.markdown).toContain('## Response 200\n\nok\n\n- `name` (string)');
  });

  it('comes to an end with references in circles', () => {
    const document = {
      openapi: '3.0.0',
      paths: { '/a': { get: { parameters: [{ $ref: '#/x' }], responses: { 200: { content: { j: { schema: { $ref: '#/y' } } } } } } } },
      x: { $ref: '#/x' },
      y: { allOf: [{ $ref: '#/y' }, { $ref: '#/y' }], properties: { a: { $ref: '#/y' }, b: { $ref: '#/y' } } },
    };
    const [operation] = readSpecification(JSON.stringify(document));
    expect(operation?.markdown.length).toBeLessThan(50_000);
  });

  it.each(['{', 'a: [', '[]', '{}', 'text'])('refuses %j', (text) => {
    expect(() => readSpecification(text)).toThrow();
  });

  it('takes any paths and operations', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom('summary', 'tags', 'parameters', 'requestBody', 'responses'), fc.jsonValue()),
        (path, get) => {
          readSpecification(JSON.stringify({ openapi: '3.1.0', paths: { '/a': { get }, '/b': path } }));
        },
      ),
    );
  });
});

describe('splitOperationName', () => {
  it.each([
    ['GET /users', { source: undefined, name: 'GET /users' }],
    ['api/openapi.json post /users/{id}', { source: 'api/openapi.json', name: 'POST /users/{id}' }],
    ['webhook user.created', undefined],
    ['', undefined],
  ])('reads %j', (text, found) => {
    expect(splitOperationName(text)).toEqual(found);
  });
});
