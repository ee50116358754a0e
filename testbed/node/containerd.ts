import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../binaries/run-command.ts';
import { startProcess } from '../control-plane/processes.ts';
import { containerdSocket, type NodeLayout, runDirectory, systemPath } from './layout.ts';
import { pauseImage, writePauseArchive } from './pause-image.ts';
import { waitFor } from './wait.ts';

export interface ContainerdBinaries {
  readonly containerd: string;
  readonly 'containerd-shim-runc-v2': string;
  readonly ctr: string;
  readonly runc: string;
  readonly ptp: string;
}

/** Starts containerd with folders, sockets and plugins of its own and gives it the pause image. */
export async function startContainerd(layout: NodeLayout, binaries: ContainerdBinaries): Promise<void> {
  await Promise.all(
    [layout.configuration, layout.registries].map((folder) => mkdir(folder, { recursive: true })),
  );
  const file = join(layout.configuration, 'containerd.toml');
  await writeFile(file, containerdConfiguration(layout, binaries));
  const program = startProcess(layout.stateDirectory, {
    name: 'containerd',
    command: binaries.containerd,
    arguments: ['--config', file],
    environment: { PATH: `${dirname(binaries['containerd-shim-runc-v2'])}:${systemPath}` },
  });
  const pause = await writePauseArchive(layout.directory);
  const ask = ['--address', containerdSocket, '--connect-timeout', '1s', 'version'];
  await waitFor('containerd to answer', async () => Boolean(await runCommand(binaries.ctr, ask)), program);
  await importImage(binaries.ctr, pause);
}

/** Imports an image archive (docker or OCI) for the kubelet's use. */
export async function importImage(ctr: string, archive: string): Promise<void> {
  await runCommand(ctr, [
    '--address',
    containerdSocket,
    '--namespace',
    'k8s.io',
    'images',
    'import',
    '--local',
    archive,
  ]);
}

/**
 * Shim sockets, network namespaces and runtime state are below the run folder: their paths must be short, and everything
 * of ours must be found there after a crash. Strings are written as JSON, which TOML reads as basic strings.
 */
function containerdConfiguration(layout: NodeLayout, binaries: ContainerdBinaries): string {
  const text = JSON.stringify;
  return `version = 3
root = ${text(layout.containerd)}
state = ${text(`${runDirectory}/containerd`)}
# Some of these look for folders outside ours, the others are not used.
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri", "io.containerd.internal.v1.tracing",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.erofs", "io.containerd.differ.v1.erofs", "io.containerd.snapshotter.v1.blockfile"]

[grpc]
address = ${text(containerdSocket)}

[plugins."io.containerd.shim.v1.manager"]
socket_dir = ${text(`${runDirectory}/s`)}

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = ${text(pauseImage)}
[plugins."io.containerd.cri.v1.images".registry]
config_path = ${text(layout.registries)}

[plugins."io.containerd.cri.v1.runtime"]
# Without CAP_SYS_RESOURCE a container cannot get an oom_score_adj below that of containerd.
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.cri.v1.runtime".cni]
use_internal_loopback = true
bin_dirs = [${text(dirname(binaries.ptp))}]
conf_dir = ${text(layout.cniConfiguration)}
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = ${text(binaries.runc)}
Root = ${text(`${runDirectory}/runc`)}
SystemdCgroup = false
`;
}
