import { join, resolve } from 'node:path';

/**
 * Everything of the running node that must have a short or a machine-wide path: sockets (at most 107 characters), mounts,
 * process ids. Fixed, because there is only one real node per machine, so a start after a crash finds what was left
 * even if the state folder of then is gone.
 */
export const runDirectory = '/run/orion-testbed';

/** Where containerd listens. */
export const containerdSocket = `${runDirectory}/containerd.sock`;

/** With the folders of administrators' programs (nft, ip), which a user's PATH may lack. */
export const systemPath = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

/** The node's name in the cluster. */
export const nodeName = 'orion-node';

/** Folders and files of one node below the testbed's state folder. */
export interface NodeLayout {
  /** The testbed's state folder, absolute. */
  readonly stateDirectory: string;
  /** Root of everything the node keeps; removed when the node stops. */
  readonly directory: string;
  /** Configuration files, kubeconfigs and keys. */
  readonly configuration: string;
  /** containerd's images and snapshots. */
  readonly containerd: string;
  /** One `<host:port>/hosts.toml` for each registry that may be used over plain HTTP. */
  readonly registries: string;
  readonly cniConfiguration: string;
  readonly cniAddresses: string;
  readonly kubelet: string;
  readonly podLogs: string;
}

/** @param stateFolder the testbed's state folder; made absolute here */
export function nodeLayout(stateFolder: string): NodeLayout {
  const stateDirectory = resolve(stateFolder);
  const directory = join(stateDirectory, 'node');
  return {
    stateDirectory,
    directory,
    configuration: join(directory, 'configuration'),
    containerd: join(directory, 'containerd'),
    registries: join(directory, 'registries'),
    cniConfiguration: join(directory, 'cni', 'configuration'),
    cniAddresses: join(directory, 'cni', 'addresses'),
    kubelet: join(directory, 'kubelet'),
    podLogs: join(directory, 'pod-logs'),
  };
}
