import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

const sqliteBusy = 5;
const retryMilliseconds = 100;

/**
 * Runs `action` while this process alone holds the lock file at `path`, and returns what it gives.
 *
 * The lock is SQLite's exclusive lock on an empty database: the operating system drops it with its holder, however
 * that one dies, so no lock is ever stale; Node itself offers no flock. `onWait` is called once if another holds it.
 */
export async function withFileLock<Result>(
  path: string,
  action: () => Promise<Result>,
  onWait: () => void = () => {},
): Promise<Result> {
  await mkdir(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    let waited = false;
    while (!tryLock(database)) {
      if (!waited) onWait();
      waited = true;
      await delay(retryMilliseconds);
    }
    return await action();
  } finally {
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return false;
    throw error;
  }
}
