import { describe, expect, it } from 'vitest';
import { environmentProxy } from '../../../../src/cluster/transport/environment-proxy.ts';

const proxy = 'http://proxy.test:3128/';
const HTTPS_PROXY = 'http://proxy.test:3128';

describe('environmentProxy', () => {
  it.each([
    // Each as golang.org/x/net/http/httpproxy answers.
    ['https://10.254.254.254:6443', '10.0.0.0/8,.svc', false],
    ['https://10.254.254.254:6443', ' .svc , 10.0.0.0/8 ', false],
    ['https://10.254.254.254:6443', '10.254.254.254', false],
    ['https://10.254.254.254:6443', '10.254.254.254:6443', false],
    ['https://10.254.254.254:6443', '10.254.254.254:443', true],
    ['https://11.1.1.1:6443', '10.0.0.0/8', true],
    ['https://10.1.1.1:6443', '10.0.0.0/33', true],
    ['https://10.1.1.1:6443', '10.0.0.0', true],
    ['https://10.1.1.1:6443', '10.', true],
    ['https://10.1.1.1:6443', '10.*', true],
    ['https://[fd00::1]:6443', 'fd00::/8', false],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', false],
    ['https://[fd00::1]:6443', '[fd00::1]:443', true],
    ['https://[fd00::1]:6443', 'fd00:0:0::1', false],
    ['https://[fe00::1]:6443', 'fd00::/8', true],
    ['https://[::ffff:10.1.1.1]:6443', '10.0.0.0/8', false],
    ['https://api.shop.test', 'shop.test', false],
    ['https://shop.test', 'shop.test', false],
    ['https://SHOP.test', 'Shop.Test', false],
    ['https://api.shop.test', '.shop.test', false],
    ['https://shop.test', '.shop.test', true],
    ['https://api.shop.test', '*.shop.test', false],
    ['https://shop.test', '*.shop.test', true],
    ['https://notshop.test', 'shop.test', true],
    ['https://shop.test', 'shop.test:443', false],
    ['https://shop.test:6443', 'shop.test:443', true],
    ['https://shop.test', '*', false],
    ['https://shop.test', '', true],
    ['https://shop.test', ':443,,', true],
    ['https://localhost:6443', '', false],
    ['https://127.9.9.9:6443', '', false],
    ['https://[::1]:6443', '', false],
    ['http://shop.test', '', false],
  ])('of %s, with NO_PROXY=%s: %s', (server, NO_PROXY, asked) => {
    expect(environmentProxy(server, { HTTPS_PROXY, NO_PROXY })).toBe(asked ? proxy : undefined);
  });

  it.each([
    [{ https_proxy: HTTPS_PROXY }, proxy],
    [{ HTTPS_PROXY, https_proxy: 'http://other.test' }, proxy],
    [{ HTTPS_PROXY, no_proxy: 'shop.test' }, undefined],
    [{ HTTPS_PROXY: 'proxy.test:3128' }, proxy],
    [{ HTTPS_PROXY: 'https://proxy.test' }, 'https://proxy.test/'],
    [{ HTTPS_PROXY: 'socks5://proxy.test:1080' }, 'socks5://proxy.test:1080'],
    [{ HTTPS_PROXY: 'http://me:p%40ss@proxy.test:1' }, 'http://me:p%40ss@proxy.test:1/'],
    [{ HTTP_PROXY: HTTPS_PROXY }, undefined],
    [{ ALL_PROXY: HTTPS_PROXY }, undefined],
    [{}, undefined],
  ])('of the variables %j is %s', (env, expected) => {
    expect(environmentProxy('https://shop.test', env)).toBe(expected);
  });

  it('takes HTTP_PROXY for plain http', () => {
    expect(environmentProxy('http://shop.test', { HTTP_PROXY: HTTPS_PROXY })).toBe(proxy);
  });

  it.each(['http://', 'ftp://proxy.test', 'http://me:hunter2@ host'])(
    'refuses %s, and does not repeat it',
    (text) => {
      const ask = () => environmentProxy('https://shop.test', { HTTPS_PROXY: text });
      expect(ask).toThrow('The variable HTTPS_PROXY is not the address of a proxy.');
    },
  );
});
