import { accessSync, constants, existsSync } from 'node:fs';

export type RealNodeSupport =
  | { readonly supported: true }
  | { readonly supported: false; readonly reason: string };

/** Whether this machine can run a real node: Linux, root, a writable cgroup tree, and a 64-bit processor we have a pause image for. */
export function realNodeSupport(): RealNodeSupport {
  const reason = obstacle();
  return reason === undefined ? { supported: true } : { supported: false, reason };
}

function obstacle(): string | undefined {
  if (process.platform !== 'linux') return `a real node needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'a real node needs root for its namespaces, mounts and links';
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    return `a real node needs x64 or arm64, this is ${process.arch}`;
  if (existsSync('/var/lib/kubelet/config.yaml')) return 'this machine is already a node of another cluster';
  if (!isWritable('/sys/fs/cgroup')) return 'a real node needs a writable cgroup tree at /sys/fs/cgroup';
  return undefined;
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
