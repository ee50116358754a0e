import type { ServiceTest } from '../../../src/domain/smoke/tests/test.ts';

/** Service web of namespace shop as a whole; how it is asked is each test's own. */
export const serviceTest: Omit<ServiceTest, 'ways'> = {
  id: 'web/service',
  subject: 'web',
  kind: 'service',
  title: 'Service web as a whole, :80/ready',
  address: 'http://web.shop:80/ready',
  objects: [],
  what: 'service',
  anyAnswer: false,
  service: 'web',
  scheme: 'http',
  serverName: 'web.shop',
  host: 'web.shop.svc',
  port: 80,
  request: { method: 'GET', path: '/ready', headers: {} },
  expect: {},
};
