import { afterAll, describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { EgressClient } from './egress-client.js';
import { EgressError } from './egress-error.js';
import { EgressPolicy } from './egress-policy.js';

/** Refused as they stand, on any installation that allows nothing beyond the public. */
const HOSTILE_URLS = [
  // IPv4 that is not public.
  'https://0.0.0.0/',
  'https://0.1.2.3/',
  'https://10.0.0.1/',
  'https://10.255.255.255:8443/',
  'https://100.64.0.1/',
  'https://100.127.255.254/',
  'https://127.0.0.1/',
  'https://127.0.0.1:65535/jwks',
  'https://127.255.255.254/',
  'https://169.254.0.1/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.0.0.1/',
  'https://192.0.2.1/',
  'https://192.88.99.1/',
  'https://192.168.1.1/',
  'https://198.18.0.1/',
  'https://198.19.255.255/',
  'https://198.51.100.7/',
  'https://203.0.113.7/',
  'https://224.0.0.1/',
  'https://239.255.255.250/',
  'https://240.0.0.1/',
  'https://255.255.255.255/',
  // The metadata services of clouds.
  'https://169.254.169.254/latest/meta-data/iam/security-credentials/',
  'http://169.254.169.254/',
  'https://169.254.170.2/v2/credentials/',
  'https://[fd00:ec2::254]/latest/meta-data/',
  'https://[fd20:ce::254]/computeMetadata/v1/',
  'https://100.100.100.200/latest/meta-data/',
  'https://192.0.0.192/opc/v2/instance/',
  'https://168.63.129.16/machine?comp=goalstate',
  'https://[::ffff:169.254.169.254]/',
  'https://[::ffff:a9fe:a9fe]/',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://0251.0376.0251.0376/',
  // Other spellings of IPv4.
  'https://127.1/',
  'https://127.0.1/',
  'https://0/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.0.0.1/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://127.0.0.01/',
  'https://127.0.0.1./',
  'https://10.1/',
  'https://%31%32%37.0.0.1/',
  'https://１２７.0.0.1/',
  'https://127。0。0。1/',
  'https://①②⑦.0.0.1/',
  'https://0x08080808/',
  'https://134744072/',
  'https://8.8.8.8./',
  'https://010.8.8.8/',
  'https://1.2.3.4.5/',
  'https://256.0.0.1/',
  'https://4294967296/',
  // IPv6 that is not public.
  'https://[::]/',
  'https://[::1]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[0000::0001]:8443/',
  'https://[100::1]/',
  'https://[2001:2::1]/',
  'https://[2001:10::1]/',
  'https://[2001:20::1]/',
  'https://[2001:db8::1]/',
  'https://[3ffe::1]/',
  'https://[3fff::1]/',
  'https://[5f00::1]/',
  'https://[4000::1]/',
  'https://[fc00::1]/',
  'https://[fd12:3456:789a::1]/',
  'https://[fe80::1]/',
  'https://[febf::1]/',
  'https://[fe80::1%25eth0]/',
  'https://[fe80::1%eth0]/',
  'https://[2606:4700::1111%25eth0]/',
  'https://[fec0::1]/',
  'https://[ff02::1]/',
  'https://[ff0e::1]/',
  // IPv4 within IPv6.
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::FFFF:127.0.0.1]/',
  'https://[0:0:0:0:0:ffff:7f00:0001]/',
  'https://[::ffff:10.0.0.1]/',
  'https://[::ffff:0:127.0.0.1]/',
  'https://[::127.0.0.1]/',
  'https://[::7f00:1]/',
  'https://[::8.8.8.8]/',
  'https://[64:ff9b::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[64:ff9b::8.8.8.8]/',
  'https://[64:ff9b:1::10.0.0.1]/',
  'https://[2002:7f00:1::]/',
  'https://[2002:808:808::1]/',
  'https://[2001:0:53aa:64c:0:0:80ff:fffe]/',
  'https://[2001::1]/',
  // Userinfo, and what a parser may take for it.
  'https://example.com@127.0.0.1/',
  'https://127.0.0.1@example.com/',
  'https://user:password@example.com/',
  'https://@example.com/',
  'https://:@example.com/',
  'https://example.com%40127.0.0.1@example.com/',
  // Two readings.
  'https://example.com\\@127.0.0.1/',
  'https://127.0.0.1\\.example.com/',
  'https:\\\\127.0.0.1\\',
  'https:/\\127.0.0.1/',
  'https://127.0.0.1\t/',
  'https://exam\tple.com/',
  'https://exam\nple.com/',
  'https://example.com/\r\nHost: 127.0.0.1',
  ' https://example.com/',
  'https://example.com/ ',
  'https://example.com/\u0000',
  'https:example.com',
  'https:/example.com',
  'https:///example.com',
  'https:////example.com',
  '//example.com/',
  'example.com/jwks',
  'https://ex%61mple.com:99999/',
  'https://example.com#@127.0.0.1/',
  'https://example.com/#fragment',
  'https://ｅxample.com/',
  'https://exämple.com/',
  // No host, or none that is a name.
  '',
  'https://',
  'https:///',
  'https://:443/',
  'https://?x',
  'https://#',
  'https://[]/',
  'https://[::1/',
  'https://localhost./',
  'https://.example.com/',
  'https://example..com/',
  'https://-example.com/',
  'https://exa$mple.com/',
  "https://exa'mple;x.com/",
  'https://exa*mple.com/',
  'https://example.com:port/',
  // Other schemes, and http where nothing is allowed.
  'http://example.com/',
  'http://8.8.8.8/',
  'http://[2606:4700::1111]/',
  'http://localhost/',
  'file:///etc/passwd',
  'file://127.0.0.1/etc/passwd',
  'gopher://127.0.0.1:6379/_FLUSHALL',
  'data:application/json,{"keys":[]}',
  'ftp://example.com/jwks',
  'ws://example.com/',
  'wss://example.com/',
  'javascript:alert(1)',
  'blob:https://example.com/1',
  'jar:https://example.com!/',
  'dict://127.0.0.1:11211/stat',
  'view-source:https://example.com/',
];

/** Names that stand for what is not public. */
const HOSTILE_NAMES: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  'any.localhost': '::1',
  'metadata.google.internal': '169.254.169.254',
  metadata: '169.254.169.254',
  'instance-data': '169.254.169.254',
  '127.0.0.1.nip.io': '127.0.0.1',
  'localtest.me': '127.0.0.1',
  'kubernetes.default.svc': '10.96.0.1',
  'host.docker.internal': '192.168.65.2',
  'six.example.com': 'fd00:ec2::254',
  'mapped.example.com': '::ffff:10.0.0.1',
  'nat64.example.com': '64:ff9b::a9fe:a9fe',
  'sixtofour.example.com': '2002:7f00:1::1',
  'zone.example.com': 'fe80::1%eth0',
  'nonsense.example.com': '127.1',
};

const faultOf = (work: () => unknown): EgressError => {
  try {
    work();
  } catch (error) {
    if (error instanceof EgressError) return error;
    throw error;
  }
  throw new Error('Nothing was refused');
};

describe('EgressPolicy.checkUrl', () => {
  const policy = new EgressPolicy([]);

  it.each(HOSTILE_URLS)('refuses %j', (url) => {
    expect(faultOf(() => policy.checkUrl(url)).code).toBe('refused');
  });

  it('names the origin and the reason, never userinfo, path or query', () => {
    expect(faultOf(() => policy.checkUrl('https://10.0.0.1:8443/path-1?query-1')).message).toBe(
      'https://10.0.0.1:8443: the address is not public, and EGRESS_ALLOW does not name it',
    );
    expect(faultOf(() => policy.checkUrl('https://user-1:pass-1@10.0.0.1/path-1?query-1')).message).toBe(
      'a URL may not hold a user or password',
    );
  });

  it.each([
    'https://example.com',
    'https://example.com/',
    'https://EXAMPLE.com:8443/jwks.json?tenant=7',
    'https://localhost:8443/',
    'https://my_service/keys',
    'https://xn--exmple-cua.com/',
    'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]/',
    'https://[2606:4700:4700:0:0:0:0:1111]:8443/',
    'https://[::ffff:8.8.8.8]/',
    'https://127.0.0.1.example.com/',
  ])('accepts %s', (url) => {
    expect(policy.checkUrl(url).href).toBe(new URL(url).href);
  });

  it('accepts at most 2048 characters', () => {
    const url = 'https://example.com/';
    expect(policy.checkUrl(url.padEnd(2048, 'x')).pathname).toHaveLength(2048 - url.length + 1);
    expect(faultOf(() => policy.checkUrl(url.padEnd(2049, 'x'))).message).toBe('a URL may have 2048 characters');
  });

  it('accepts http: with an address that the allow list names, and names, which are judged when they are connected to', () => {
    const local = new EgressPolicy(['127.0.0.0/8', '::1']);
    for (const url of [
      'http://127.0.0.1:3000/',
      'http://[::1]/',
      'http://[::ffff:127.0.0.1]/',
      'https://127.0.0.1/',
      'http://localhost/',
    ]) {
      expect(local.checkUrl(url).href).toBe(new URL(url).href);
    }
    expect(faultOf(() => local.checkUrl('http://8.8.8.8/')).message).toBe(
      'http://8.8.8.8: plain http: is allowed only to addresses that EGRESS_ALLOW names',
    );
    for (const url of ['https://10.0.0.1/', 'https://[::]/', 'https://[::7f00:1]/', 'https://127.1/', 'https://169.254.169.254/']) {
      expect(faultOf(() => local.checkUrl(url)).code).toBe('refused');
    }
  });

  it('throws nothing but EgressError, and lets no address pass that it does not allow', () => {
    const part = fc.constantFrom(
      'https://',
      'http://',
      '127.0.0.1',
      '[::1]',
      'a.b',
      '@',
      ':',
      '/',
      '\\',
      '?',
      '#',
      '%',
      '0x7f',
      '.',
      '1',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.webUrl(),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            const { hostname, username, password, protocol } = policy.checkUrl(text);
            expect([username, password, protocol]).toEqual(['', '', 'https:']);
            expect(hostname).toMatch(/^[a-z\d_.-]+$|^\[[\da-f:]+\]$/);
            expect(hostname).not.toBe('127.0.0.1');
            expect(hostname).not.toBe('[::1]');
          } catch (error) {
            expect(error).toMatchObject({ name: 'EgressError', code: 'refused' });
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('names of what is not public', () => {
  const client = new EgressClient(new EgressPolicy([]), (hostname) => {
    const address = HOSTILE_NAMES[hostname] ?? '';
    return Promise.resolve([{ address, family: address.includes(':') ? 6 : 4 }]);
  });
  afterAll(() => client.close());

  it.each(Object.keys(HOSTILE_NAMES))('are refused when they are to be connected to: %s', async (hostname) => {
    await expect(client.request({ url: `https://${hostname}/path-1?query-1` })).rejects.toMatchObject({
      code: 'refused',
      message: `https://${hostname}: the host does not stand for a public address or one that EGRESS_ALLOW names`,
    });
  });
});

describe('EgressPolicy.isAllowedAddress', () => {
  const policy = new EgressPolicy([]);

  it.each(['8.8.8.8', '1.1.1.1', '172.15.255.255', '172.32.0.0', '100.63.255.255', '100.128.0.0', '192.0.1.1', '223.255.255.255'])(
    'allows %s',
    (address) => {
      expect(policy.isAllowedAddress(address)).toBe(true);
    },
  );

  it.each(['2606:4700:4700::1111', '2001:200::1', '2a00::1', '2003::1', '::ffff:8.8.8.8', '::FFFF:808:808', '2001:4860:4860::8888'])(
    'allows %s',
    (address) => {
      expect(policy.isAllowedAddress(address)).toBe(true);
    },
  );

  it.each(['', 'localhost', '127.1', '0x7f.1', '2606:4700::1%eth0', '[2606:4700::1]', '8.8.8.8:53', '8.8.8.8/32', ' 8.8.8.8', '08.8.8.8'])(
    'does not take %j for an address',
    (address) => {
      expect(policy.isAllowedAddress(address)).toBe(false);
      expect(new EgressPolicy(['0.0.0.0/0', '::/0']).isAllowedAddress(address)).toBe(false);
    },
  );

  it('judges an IPv4 address in IPv6 as the IPv4 address, however it is spelled', () => {
    const octet = fc.nat(255);
    fc.assert(
      fc.property(fc.tuple(octet, octet, octet, octet), fc.boolean(), (octets, isNamed) => {
        const [a, b, c, d] = octets;
        const address = octets.join('.');
        const some = new EgressPolicy(isNamed ? [`${a}.0.0.0/8`] : []);
        const groups = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        for (const mapped of [`::ffff:${address}`, `::ffff:${groups}`, `0:0:0:0:0:FFFF:${groups}`]) {
          expect(some.isAllowedAddress(mapped)).toBe(some.isAllowedAddress(address));
          expect(some.isInAllowList(mapped)).toBe(isNamed);
        }
        for (const embedded of [`::${address}`, `64:ff9b::${address}`, `2002:${groups}::1`, `2001:0:${groups}::1`]) {
          expect(some.isAllowedAddress(embedded)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('allows of IPv6 nothing outside 2000::/3', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const [, first = ''] = /^\[([\da-f]*):/.exec(new URL(`http://[${address}]`).hostname) ?? [];
        const isGlobal = Number.parseInt(first || '0', 16) >> 13 === 1;
        const isMapped = /^\[::ffff:[\da-f]+:[\da-f]+\]$/.test(new URL(`http://[${address}]`).hostname);
        if (policy.isAllowedAddress(address)) expect(isGlobal || isMapped).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the allow list', () => {
  it('takes addresses and networks of both families', () => {
    const policy = new EgressPolicy(['10.0.0.0/8', '192.168.1.7', 'fd00::/8', '64:ff9b::8.8.8.8']);
    for (const address of ['10.9.9.9', '192.168.1.7', '::ffff:10.0.0.1', 'fd12::1', '64:ff9b::808:808']) {
      expect([policy.isAllowedAddress(address), policy.isInAllowList(address)]).toEqual([true, true]);
    }
    for (const address of ['11.0.0.1', '8.8.8.8']) {
      expect([policy.isAllowedAddress(address), policy.isInAllowList(address)]).toEqual([true, false]);
    }
    for (const address of ['192.168.1.8', 'fc00::1', '64:ff9b::8.8.4.4', '127.0.0.1']) {
      expect([policy.isAllowedAddress(address), policy.isInAllowList(address)]).toEqual([false, false]);
    }
  });

  it('keeps the families apart', () => {
    const six = new EgressPolicy(['::/0']);
    expect([six.isInAllowList('fe80::1'), six.isInAllowList('10.0.0.1'), six.isInAllowList('::ffff:10.0.0.1')]).toEqual([
      true,
      false,
      false,
    ]);
    const four = new EgressPolicy(['0.0.0.0/0']);
    expect([four.isInAllowList('10.0.0.1'), four.isInAllowList('::ffff:10.0.0.1'), four.isInAllowList('::a00:1')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('takes an IPv4 network that is written as IPv6', () => {
    const policy = new EgressPolicy(['::ffff:10.0.0.0/104', '::ffff:c0a8:107']);
    expect(['10.9.9.9', '::ffff:10.0.0.1', '192.168.1.7'].every((address) => policy.isInAllowList(address))).toBe(true);
    expect(['11.0.0.1', '192.168.1.8'].some((address) => policy.isInAllowList(address))).toBe(false);
  });

  it.each(['', 'example.com', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/x', '10.0.0.0/-1', 'fd00::%eth0', '::ffff:10.0.0.0/8'])(
    'does not take %j for a network',
    (network) => {
      expect(() => new EgressPolicy([network])).toThrow();
    },
  );
});
