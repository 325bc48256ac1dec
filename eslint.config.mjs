import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Who may import whom: a folder imports from its own and from lower ranks, never from a neighbour of the same rank. */
const RANKS = [
  ['protocol', 'common'],
  ['config'],
  ['tracing'],
  ['database', 'egress', 'rate-limit'],
  ['tokens', 'audit'],
  ['admin', 'docs-server'],
  ['credentials', 'servers'],
  ['oauth', 'gateway'],
  ['health', 'usage', 'dashboard'],
  ['webhooks'],
  ['metrics', 'housekeeping'],
  ['http', 'cli'],
];

/** Neighbours that one may import although they share a rank: `protocol` and `common` have no order, credentials name servers, keys are audited. */
const NEIGHBOURS = { protocol: ['common'], common: ['protocol'], credentials: ['servers'], tokens: ['audit'] };

const zones = RANKS.flatMap((folders, rank) =>
  folders.map((folder) => {
    const forbidden = [
      ...RANKS.slice(rank + 1).flat(),
      ...folders.filter((other) => other !== folder && !NEIGHBOURS[folder]?.includes(other)),
    ];
    return {
      target: `./src/${folder}`,
      from: [
        ...forbidden.map((other) => `./src/${other}`),
        ...(rank === RANKS.length - 1 ? [] : ['./src/app.module.ts', './src/main.ts', './src/entities.ts']),
      ],
      message: `src/${folder} has rank ${rank}: it may import its own folder and lower ranks only.`,
    };
  }),
).filter(({ from }) => from.length > 0);

const EDGE = ['module', 'controller', 'service', 'guard', 'filter', 'interceptor', 'decorator', 'dto', 'entity', 'strategy', 'pipe'];
const PLAIN_IGNORES = [
  ...EDGE.map((kind) => `src/**/*.${kind}.ts`),
  'src/http/**',
  'src/cli/**',
  'src/database/**',
  'src/common/access.decorator.ts',
  'src/main.ts',
  'src/entities.ts',
  'src/**/*.spec.ts',
];

const secretNames = 'secret|token|hash|digest|password';

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'coverage/**',
      'data/**',
      'node_modules/**',
      'test/fixtures/**',
      'dashboard/src/api/schema.ts',
      'dashboard/public/**',
    ],
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({ extensions: ['.ts', '.tsx', '.js'], extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } }),
      ],
      'import-x/extensions': ['.ts', '.tsx', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
    },
    rules: {
      // Entities and DTOs are shapes: they are made as literals and copied by spreading.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      // Marked as deprecated "only to make it stand out": plain http: is the egress guard's to refuse.
      '@typescript-eslint/no-deprecated': [
        'error',
        { allow: [{ from: 'package', name: 'allowInsecureRequests', package: 'openid-client' }] },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      'import-x/no-cycle': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/**/*.spec.ts'],
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-params': 'off',
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      complexity: ['error', 10],
      'no-restricted-syntax': [
        'error',
        {
          selector: `BinaryExpression[operator=/^[!=]==?$/]:matches([left.type='Identifier'][left.name=/^(${secretNames})$/i][right.type!='Literal'][right.name!='undefined'], [left.type='MemberExpression'][left.property.name=/^(${secretNames})$/i][right.type!='Literal'][right.name!='undefined'])`,
          message: 'Compare secrets and digests in constant time (timingSafeEqual).',
        },
      ],
    },
  },
  {
    // A constructor that Nest fills is no parameter list to remember, and a decorated route takes what HTTP brings.
    files: EDGE.map((kind) => `src/**/*.${kind}.ts`),
    rules: { '@typescript-eslint/max-params': ['error', { max: 9 }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/**', 'src/**/*.spec.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only src/config reads the environment.' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: PLAIN_IGNORES,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@nestjs/*', 'typeorm', 'fastify', '@fastify/*'],
              allowTypeImports: true,
              message: 'A plain file imports no framework; give it an edge suffix or pass a function.',
            },
          ],
        },
      ],
    },
  },
  {
    // The pages. Markup is long where it is simple, so that a component may be longer than a function of rules.
    files: ['dashboard/src/**/*.ts', 'dashboard/src/**/*.tsx'],
    plugins: { 'react-hooks': reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      complexity: ['error', 10],
    },
  },
  {
    files: ['dashboard/src/**/*.tsx'],
    rules: {
      'max-lines-per-function': ['error', { max: 90, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 14],
    },
  },
  {
    files: ['**/*.spec.ts', '**/*.e2e-spec.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
);
