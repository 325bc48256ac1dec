import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import { PageQueryDto } from '../admin/pages.dto.js';
import { TEST_EVENT, WEBHOOK_EVENTS, type WebhookEvent } from './webhook-events.js';
import { MESSAGE_STATUSES, type MessageStatus } from './webhook-message.entity.js';

const MAX_OVERLAP_SECONDS = 30 * 24 * 3600;

const trim = ({ value }: { value: unknown }): unknown => (typeof value === 'string' ? value.trim() : value);

export class CreateWebhookDto {
  @ApiProperty({ example: 'on-call channel', description: 'What an admin will know it by.', maxLength: 120 })
  @Transform(trim)
  @IsString()
  @Length(1, 120)
  @Matches(/^\P{Cc}*$/u, { message: 'label must not hold control characters' })
  label!: string;

  @ApiProperty({
    example: 'https://alerts.example.com/gatehouse',
    maxLength: 2048,
    description: 'Where messages are posted. `https:` and a public address, or one that EGRESS_ALLOW names.',
  })
  @IsString()
  @Length(1, 2048)
  url!: string;

  @ApiPropertyOptional({
    enum: WEBHOOK_EVENTS,
    isArray: true,
    nullable: true,
    example: ['credential.expiring', 'credential.secret_leaked'],
    description: 'What it is told of; null or absent for everything, also what later versions add.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(WEBHOOK_EVENTS, { each: true })
  events?: WebhookEvent[] | null;

  @ApiPropertyOptional({ default: true })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  enabled?: boolean;
}

/** What can be changed; what is absent stays. */
export class UpdateWebhookDto extends PartialType(CreateWebhookDto, { skipNullProperties: false }) {
  @ApiPropertyOptional({ example: 'on-call channel', maxLength: 120 })
  @ValidateIf((_, value) => value !== undefined)
  @Transform(trim)
  @IsString()
  @Length(1, 120)
  @Matches(/^\P{Cc}*$/u, { message: 'label must not hold control characters' })
  override label?: string;

  @ApiPropertyOptional({ example: 'https://alerts.example.com/gatehouse', maxLength: 2048 })
  @ValidateIf((_, value) => value !== undefined)
  @IsString()
  @Length(1, 2048)
  override url?: string;
}

export class RotateWebhookDto {
  @ApiPropertyOptional({
    default: 86_400,
    minimum: 0,
    maximum: MAX_OVERLAP_SECONDS,
    description: 'How long messages are signed with the old secret too, in seconds.',
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsInt()
  @Min(0)
  @Max(MAX_OVERLAP_SECONDS)
  overlapSeconds?: number;
}

/** A webhook as an admin sees it. Never holds its secret. */
export class WebhookDto {
  @ApiProperty({ example: '01KAX2V7Q5J8Z3W6H0F9K2P4SA' })
  id!: string;

  @ApiProperty({ example: 'on-call channel' })
  label!: string;

  @ApiProperty({ example: 'https://alerts.example.com/gatehouse' })
  url!: string;

  @ApiProperty({ enum: WEBHOOK_EVENTS, isArray: true, nullable: true, example: null, description: 'null for everything.' })
  events!: WebhookEvent[] | null;

  @ApiProperty({ example: true })
  enabled!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    example: null,
    description: 'Until then messages are signed with the secret from before the rotation too.',
  })
  previousSecretEndsAt!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ example: 'admin' })
  createdBy!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  updatedAt!: string;
}

export class WebhookWithSecretDto extends WebhookDto {
  @ApiProperty({ example: 'whsec_…', description: 'What messages are signed with. In this answer only.' })
  secret!: string;
}

export class WebhookPageDto {
  @ApiProperty({ type: [WebhookDto] })
  items!: WebhookDto[];

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;
}

export class DeliveryQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: MESSAGE_STATUSES })
  @IsOptional()
  @IsIn(MESSAGE_STATUSES)
  status?: MessageStatus;
}

export class DeliveryDto {
  @ApiProperty({ example: '01KAX2V7Q6Y0M9E4T1N8R3B5CD', description: 'The `webhook-id` that the receiver sees.' })
  id!: string;

  @ApiProperty({ enum: [...WEBHOOK_EVENTS, TEST_EVENT], example: 'credential.expiring' })
  type!: WebhookEvent | typeof TEST_EVENT;

  @ApiProperty({
    enum: MESSAGE_STATUSES,
    example: 'delivered',
    description: '`pending`: due, or due again. `failed`: given up. `dropped`: the webhook was disabled before.',
  })
  status!: MessageStatus;

  @ApiProperty({ example: 1 })
  attempts!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2026-11-22T10:00:01.000Z' })
  lastAttemptAt!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: null, description: 'Where it is pending.' })
  nextAttemptAt!: string | null;

  @ApiProperty({ type: Number, nullable: true, example: 204, description: 'HTTP status of the last answer; null for none.' })
  responseStatus!: number | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'What was wrong with the last attempt.' })
  error!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'What was or will be sent.' })
  body!: Record<string, unknown>;
}

export class DeliveryPageDto {
  @ApiProperty({ type: [DeliveryDto] })
  items!: DeliveryDto[];

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: string | null;
}
