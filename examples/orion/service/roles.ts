import { createAuth } from './auth.ts';
import { createGateway } from './gateway.ts';
import type { Log } from './log.ts';
import { createNotification } from './notification.ts';
import type { Role } from './role.ts';
import type { RoleSettings } from './settings.ts';
import { createUser } from './user.ts';

export function createRole(settings: RoleSettings, log: Log): Role {
  switch (settings.SERVICE) {
    case 'auth':
      return createAuth(settings, log);
    case 'gateway':
      return createGateway(settings);
    case 'notification':
      return createNotification(settings, log);
    case 'user':
      return createUser(settings, log);
  }
}
