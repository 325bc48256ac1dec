// The same within the framework of Gatehouse and nothing else: one guard, one controller, on Fastify. Decorators are called as
// functions, since nothing compiles this file.
import 'reflect-metadata';
import { All, Controller, Module, Req, Res, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { forward, isAuthorized } from './forward.mjs';

class BearerGuard {
  canActivate(context) {
    if (isAuthorized(context.switchToHttp().getRequest())) return true;
    throw new UnauthorizedException();
  }
}

class GatewayController {
  serve(request, reply) {
    reply.hijack();
    forward(request.raw, reply.raw);
  }
}

const serve = Object.getOwnPropertyDescriptor(GatewayController.prototype, 'serve');
All('mcp')(GatewayController.prototype, 'serve', serve);
UseGuards(BearerGuard)(GatewayController.prototype, 'serve', serve);
Req()(GatewayController.prototype, 'serve', 0);
Res()(GatewayController.prototype, 'serve', 1);
Controller()(GatewayController);

class BenchModule {}
Module({ controllers: [GatewayController] })(BenchModule);

const adapter = new FastifyAdapter();
const app = await NestFactory.create(BenchModule, adapter, { logger: false, bodyParser: false });
const fastify = adapter.getInstance();
fastify.removeAllContentTypeParsers();
fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
await app.listen(Number(process.env.PORT), '127.0.0.1');
app.getHttpServer().keepAliveTimeout = 60_000;
app.getHttpServer().requestTimeout = 0;
