import { Controller, Get, Header, Inject, Param, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../common/access.decorator.js';
import { VERSION } from '../common/version.js';
import { CONFIG, type Config } from '../config/config.js';
import type { DocsTexts } from '../docs-server/docs-texts.js';
import { DocsServers } from '../docs-server/docs-servers.service.js';
import { discoveryDocument, type Face, serverCard } from '../protocol/discovery.js';
import { ProblemError } from '../protocol/problem.js';
import { PATHS } from '../protocol/urls.js';
import { ServerDirectory } from '../servers/server-directory.service.js';
import type { ServerState } from '../servers/server-state.js';

const SKILLS_SCHEMA = 'https://schemas.agentskills.io/discovery/0.2.0/schema.json';
const MARKDOWN = 'text/markdown; charset=utf-8';
const FRESH = 'public, max-age=300';

/** What agents find a server and its documentation by, without asking anybody. Public, and of public things only. */
@ApiTags('discovery')
@Public()
@Controller()
export class DocsDiscoveryController {
  constructor(
    private readonly servers: ServerDirectory,
    private readonly docs: DocsServers,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get(['.well-known/mcp', '.well-known/mcp.json'])
  @Header('access-control-allow-origin', '*')
  @Header('cache-control', FRESH)
  @ApiOperation({ summary: 'Which MCP servers are here, and whether they ask for a token' })
  @ApiOkResponse({ description: 'The servers; the first is the one to begin with.' })
  discovery(): object {
    return discoveryDocument(this.faces());
  }

  @Get('.well-known/mcp/server-card.json')
  @Header('access-control-allow-origin', '*')
  @Header('cache-control', FRESH)
  @ApiOperation({ summary: 'The card of the default server' })
  @ApiOkResponse({ description: 'What it is and, where it asks for no token, which tools it has.' })
  card(): object {
    return serverCard(this.faces()[0], VERSION);
  }

  @Get('.well-known/mcp/server-cards.json')
  @Header('access-control-allow-origin', '*')
  @Header('cache-control', FRESH)
  @ApiOperation({ summary: 'The cards of all servers that are told of' })
  @ApiOkResponse({ description: 'One card for each.' })
  cards(): object {
    return { servers: this.faces().map((face) => serverCard(face, VERSION)) };
  }

  @Get('llms.txt')
  @Header('content-type', MARKDOWN)
  @Header('cache-control', FRESH)
  @ApiOperation({ summary: 'The public pages of the default documentation server, as a list' })
  @ApiOkResponse({ description: 'Markdown.' })
  llms(): string {
    return this.texts().llms;
  }

  @Get('llms-full.txt')
  @Header('content-type', MARKDOWN)
  @Header('cache-control', FRESH)
  @ApiOperation({ summary: 'The public pages of the default documentation server, whole, up to 5 MB' })
  @ApiOkResponse({ description: 'Markdown.' })
  llmsFull(): string {
    return this.texts().llmsFull;
  }

  @Get('docs/*')
  @ApiOperation({ summary: 'A public page of the default documentation server' })
  @ApiParam({ name: '*', description: 'The path of the page, and `.md`.', example: 'getting-started.md' })
  @ApiOkResponse({ description: 'Markdown.' })
  page(@Param('*') file: string, @Res({ passthrough: true }) reply: FastifyReply): string {
    const text = file.endsWith('.md') ? this.texts().page(file.slice(0, -'.md'.length)) : undefined;
    if (text === undefined) throw new ProblemError('not_found', 'There is no public page of this path.');
    reply.header('content-type', MARKDOWN).header('cache-control', FRESH);
    return text;
  }

  @Get('skill.md')
  @ApiOperation({ summary: 'The public skill; where there are several, their index' })
  @ApiOkResponse({ description: 'Markdown.' })
  onlySkill(@Res({ passthrough: true }) reply: FastifyReply): string {
    const texts = this.texts();
    const [first, ...others] = texts.skills;
    if (!first) throw new ProblemError('not_found', 'There is no public skill here.');
    if (others.length === 0) return this.skillText(first.name, reply);
    reply.status(302).header('location', `${this.config.publicUrl}/.well-known/agent-skills/index.json`);
    return '';
  }

  @Get('.well-known/agent-skills/index.json')
  @Header('access-control-allow-origin', '*')
  @Header('cache-control', FRESH)
  @ApiOperation({ summary: 'Public skills with their digests (agent skills discovery 0.2.0)' })
  @ApiOkResponse({ description: 'The index.' })
  skills(): object {
    const skills = this.texts().skills.map(({ name, description, digest }) => ({
      name,
      type: 'skill-md',
      description,
      url: `${this.config.publicUrl}/.well-known/agent-skills/${name}/SKILL.md`,
      digest,
      files: [{ path: 'SKILL.md', digest }],
    }));
    return { $schema: SKILLS_SCHEMA, version: '0.2.0', skills };
  }

  @Get('.well-known/skills/index.json')
  @Header('access-control-allow-origin', '*')
  @Header('cache-control', FRESH)
  @ApiOperation({ summary: 'Public skills (agent skills discovery 0.1.0)' })
  @ApiOkResponse({ description: 'The index.' })
  oldSkills(): object {
    return { skills: this.texts().skills.map(({ name, description }) => ({ name, description, files: ['SKILL.md'] })) };
  }

  @Get(['.well-known/agent-skills/:name/SKILL.md', '.well-known/skills/:name/SKILL.md'])
  @Header('access-control-allow-origin', '*')
  @ApiOperation({ summary: 'One public skill' })
  @ApiOkResponse({ description: 'Markdown, byte by byte as its digest says.' })
  skill(@Param('name') name: string, @Res({ passthrough: true }) reply: FastifyReply): string {
    return this.skillText(name, reply);
  }

  private skillText(name: string, reply: FastifyReply): string {
    const skill = this.texts().skill(name);
    if (!skill) throw new ProblemError('not_found', 'There is no public skill of this name.');
    reply.header('content-type', MARKDOWN).header('cache-control', FRESH);
    return skill.text;
  }

  /** Of the default server, where it is a documentation that has a public face. */
  private texts(): DocsTexts {
    const server = this.servers.find();
    const texts = server && hasPublicFace(server) ? this.docs.find(server.id)?.texts : undefined;
    if (!texts) throw new ProblemError('not_found', 'There is no public documentation here.');
    return texts;
  }

  /** The default server, and whatever else has a public face: a server that only its clients know of is not told of. */
  private faces(): readonly [Face, ...Face[]] {
    const server = this.servers.find();
    const told = this.servers.all.filter((other) => other.isDefault || hasPublicFace(other));
    const sorted = [...told].sort((a, b) => Number(b.isDefault) - Number(a.isDefault));
    const [first, ...others] = sorted.flatMap((one) => this.facesOf(one));
    if (!server || !first) throw new ProblemError('not_found', 'There is no server here.');
    return [first, ...others];
  }

  private facesOf(server: ServerState): Face[] {
    const { name, resource, access, isDefault, slug } = server;
    const description = server.description ?? this.docs.find(server.id)?.library.description ?? '';
    const publicUrl = `${this.config.publicUrl}${PATHS.publicMcp}${isDefault ? '' : `/${slug}`}`;
    return [
      ...(hasPublicFace(server) ? [{ name, url: publicUrl, description, isPublic: true, ...this.docs.find(server.id)?.publicFace }] : []),
      ...(access === 'public' ? [] : [{ name: `${name} (authenticated)`, url: resource, description, isPublic: false }]),
    ];
  }
}

const hasPublicFace = ({ access }: ServerState): boolean => access !== 'authenticated';
