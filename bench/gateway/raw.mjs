// The bound in Node: node:http in front, undici behind, no framework.
import { createServer } from 'node:http';
import { forward, isAuthorized } from './forward.mjs';

createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
  if (isAuthorized(request)) return forward(request, response);
  request.resume();
  response.writeHead(401).end();
}).listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 4096 });
