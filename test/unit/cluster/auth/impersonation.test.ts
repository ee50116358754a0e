import { describe, expect, it } from 'vitest';
import { impersonationHeaders } from '../../../../src/cluster/auth/impersonation.ts';

describe('impersonationHeaders', () => {
  it('sends everything of the user, each group and each extra value on its own', () => {
    expect(
      impersonationHeaders({
        as: 'jane',
        'as-uid': '06f6',
        'as-groups': ['developers', 'a, b'],
        'as-user-extra': { scopes: ['view', 'deploy'], 'acme.com/project': ['p'], 'ümlaut%': ['x'] },
      }),
    ).toStrictEqual({
      'Impersonate-User': 'jane',
      'Impersonate-Uid': '06f6',
      'Impersonate-Group': ['developers', 'a, b'],
      'Impersonate-Extra-scopes': ['view', 'deploy'],
      'Impersonate-Extra-acme.com%2Fproject': ['p'],
      'Impersonate-Extra-%C3%BCmlaut%25': ['x'],
    });
  });

  it('sends nothing for an ordinary user', () => {
    expect(impersonationHeaders({})).toStrictEqual({});
    expect(impersonationHeaders({ as: '', 'as-groups': [] })).toStrictEqual({});
  });

  it.each([{ 'as-groups': ['a'] }, { 'as-uid': '1' }, { 'as-user-extra': { a: ['b'] } }])(
    'refuses %j without a user',
    (user) => expect(() => impersonationHeaders(user)).toThrow('but no as.'),
  );
});
