import { Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { type AdminPrincipal, CurrentAdmin } from '../admin/current-admin.decorator.js';
import { Authorized } from '../common/access.decorator.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { ApiProblems } from '../common/problem-responses.decorator.js';
import { KeyRing, type RingKey } from '../tokens/key-ring.js';
import { SigningKeysService } from '../tokens/signing-keys.service.js';

type KeyStatus = 'upcoming' | 'signing' | 'verifying' | 'retired';

export class SigningKeyDto {
  @ApiProperty({ example: 'Zr1q0kB0mX5l7xk3Jt8yWc2nq4v6sUe9aHdFgPoLiYM' })
  kid!: string;

  @ApiProperty({ enum: ['ES256', 'RS256', 'PS256', 'EdDSA'], example: 'ES256' })
  alg!: string;

  @ApiProperty({ enum: ['upcoming', 'signing', 'verifying', 'retired'], example: 'signing' })
  status!: KeyStatus;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z', description: 'It is published before it signs.' })
  signsFrom!: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: null, description: 'When its last token has ended.' })
  retiresAt!: string | null;
}

export class SigningKeyPageDto {
  @ApiProperty({ type: [SigningKeyDto] })
  items!: SigningKeyDto[];

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;
}

@ApiTags('signing keys')
@Controller('api/v1/signing-keys')
export class SigningKeysController {
  constructor(
    private readonly keys: SigningKeysService,
    private readonly ring: KeyRing,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @Authorized('read')
  @ApiOperation({ summary: 'List the token signing keys' })
  @ApiOkResponse({ type: SigningKeyPageDto })
  list(): SigningKeyPageDto {
    return this.page(this.ring.all);
  }

  @Post('rotate')
  @HttpCode(200)
  @Authorized('own')
  @ApiOperation({ summary: 'Publish a new key, which signs after five minutes; the old one verifies until its last token has ended' })
  @ApiOkResponse({ type: SigningKeyPageDto })
  async rotate(@CurrentAdmin() admin: AdminPrincipal): Promise<SigningKeyPageDto> {
    return this.page(await this.keys.rotate(admin.name));
  }

  @Delete(':kid')
  @HttpCode(204)
  @Authorized('own')
  @ApiOperation({ summary: 'In an emergency: remove a key, and with it every token that it signed' })
  @ApiNoContentResponse()
  @ApiProblems('not_found')
  async remove(@Param('kid') kid: string, @CurrentAdmin() admin: AdminPrincipal): Promise<void> {
    await this.keys.remove(kid, admin.name);
  }

  private page(keys: readonly RingKey[]): SigningKeyPageDto {
    const now = this.clock();
    const signing = this.ring.signing(now).kid;
    return { items: keys.map((key) => toDto(key, key.kid === signing, now)), nextCursor: null };
  }
}

function toDto(key: RingKey, isSigning: boolean, now: number): SigningKeyDto {
  const { kid, alg, createdAt, signsFrom, retiresAt } = key;
  return {
    kid,
    alg,
    status: isSigning ? 'signing' : statusOf(key, now),
    createdAt: new Date(createdAt).toISOString(),
    signsFrom: new Date(signsFrom).toISOString(),
    retiresAt: retiresAt === null ? null : new Date(retiresAt).toISOString(),
  };
}

function statusOf({ signsFrom, retiresAt }: RingKey, now: number): KeyStatus {
  if (signsFrom > now) return 'upcoming';
  return retiresAt !== null && retiresAt <= now ? 'retired' : 'verifying';
}
