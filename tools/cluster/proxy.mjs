import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How each proxy is configured for a list of ports behind it, and started in the foreground. */
export const PROXIES = {
  haproxy: {
    file: 'haproxy.cfg',
    configure: ({ port, ports }) => `
global
  maxconn 4000
defaults
  mode http
  timeout connect 2s
  timeout client 1h
  timeout server 1h
  timeout http-request 30s
  timeout check 2s
frontend gatehouse
  bind 127.0.0.1:${port}
  option forwardfor
  default_backend gatehouse
backend gatehouse
  balance roundrobin
  option abortonclose
  option httpchk GET /health/ready
  option redispatch
  retry-on conn-failure
  retries 3
  default-server check inter 250ms fall 2 rise 1
${ports.map((each, i) => `  server replica${i + 1} 127.0.0.1:${each}`).join('\n')}
`,
    run: (file) => ['haproxy', '-db', '-f', file],
  },
  nginx: {
    file: 'nginx.conf',
    configure: ({ port, ports, dir }) => `
daemon off;
pid ${dir}/nginx.pid;
error_log stderr error;
worker_processes 1;
events { worker_connections 4000; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join('\n  ')}
  upstream gatehouse {
${ports.map((each) => `    server 127.0.0.1:${each} max_fails=1 fail_timeout=1s;`).join('\n')}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 4m;
    location / {
      proxy_pass http://gatehouse;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 1h;
      proxy_next_upstream error;
    }
  }
}
`,
    run: (file, dir) => ['nginx', '-p', dir, '-e', 'stderr', '-c', file],
  },
  caddy: {
    file: 'Caddyfile',
    configure: ({ port, ports }) => `
{
	admin off
	auto_https off
}
http://localhost:${port}, http://127.0.0.1:${port} {
	bind 127.0.0.1
	reverse_proxy ${ports.map((each) => `127.0.0.1:${each}`).join(' ')} {
		lb_policy round_robin
		lb_try_duration 2s
		health_uri /health/ready
		health_interval 200ms
		flush_interval -1
	}
}
`,
    run: (file) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
  },
};

/** What it keeps of what a proxy prints: it tells each time that a process refuses, which is not what one looks for. */
const KEPT_CHARACTERS = 1_000_000;

/** The first proxy that is on this machine. */
export const installedProxy = () =>
  Object.keys(PROXIES).find((name) => {
    try {
      execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore', env: { PATH: pathOf() } });
      return true;
    } catch {
      return false;
    }
  });

/** Debian keeps servers out of the way of users. */
const pathOf = () => `${process.env.PATH}:/usr/sbin:/sbin`;

/** Starts a proxy on `port` in front of `ports`. What it prints is kept in `output.text`. */
export function startProxy(name, { port, ports, dir }) {
  const own = join(dir, name);
  mkdirSync(own, { recursive: true });
  const { file, configure, run } = PROXIES[name];
  const path = join(own, file);
  writeFileSync(path, configure({ port, ports, dir: own }));
  const [command, ...args] = run(path, own);
  const child = spawn(command, args, {
    env: { PATH: pathOf(), HOME: own, XDG_DATA_HOME: own, XDG_CONFIG_HOME: own },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => (output.text = (output.text + data).slice(-KEPT_CHARACTERS)));
  return { child, output };
}
