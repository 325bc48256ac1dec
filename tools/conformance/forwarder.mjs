import { createServer, request } from 'node:http';

/**
 * A proxy on the loopback that adds a token and changes nothing else: the suite has no way to send one (R-CNF-01). The first part of
 * the path names the server.
 */
export async function startForwarder(port, { target, tokenFor }) {
  const server = createServer((incoming, outgoing) => {
    const slug = incoming.url.split(/[/?]/)[1];
    tokenFor(slug)
      .then((token) => forward(incoming, outgoing, { target, path: `/authed/mcp${slug === 'docs' ? '' : `/${slug}`}`, token }))
      .catch((error) => outgoing.writeHead(599).end(String(error)));
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(incoming, outgoing, { target, path, token }) {
  const { hostname, port } = new URL(target);
  const headers = [...incoming.rawHeaders, 'Authorization', `Bearer ${token}`];
  const onward = request({ hostname, port, path, method: incoming.method, headers, setHost: false });
  onward.once('response', (answer) => {
    outgoing.writeHead(answer.statusCode, answer.rawHeaders);
    outgoing.flushHeaders();
    answer.pipe(outgoing);
    answer.once('error', () => outgoing.destroy());
  });
  onward.once('error', (error) => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(599).end(String(error))));
  outgoing.once('close', () => onward.destroy());
  incoming.pipe(onward);
}
