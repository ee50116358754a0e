/** A group of tools that are built from one Go module folder, `testbed/binaries/go/<family>`. */
export type Family =
  | 'kubernetes'
  | 'etcd'
  | 'kwok'
  | 'containerd'
  | 'runc'
  | 'cni'
  | 'coredns'
  | 'act'
  | 'actionlint'
  | 'helm'
  | 'kapp'
  | 'kubedog'
  | 'vegeta';

/** How one binary is obtained. */
export interface Tool<FamilyName extends string = string> {
  readonly family: FamilyName;
  /** The Go package with its `main`. */
  readonly package: string;
  /** Version of the module, as in the family's go.mod (a test compares them). */
  readonly version: string;
  /** Passed to the linker behind `-s -w`. */
  readonly linkerFlags?: string;
  readonly buildTags?: string;
  readonly cgo?: boolean;
  /** Debian packages that a build needs. */
  readonly buildPackages?: readonly string[];
  /** True if dl.k8s.io publishes it as a single file with its SHA-256. */
  readonly officialRelease?: boolean;
}

const kubernetesVersion = 'v1.36.3';
const containerdVersion = 'v2.4.2';
const cniVersion = 'v1.9.1';

function kubernetes(command: string): Tool<'kubernetes'> {
  const variable = 'k8s.io/component-base/version';
  return {
    family: 'kubernetes',
    package: `k8s.io/kubernetes/cmd/${command}`,
    version: kubernetesVersion,
    linkerFlags: `-X ${variable}.gitVersion=${kubernetesVersion} -X ${variable}.gitMajor=1 -X ${variable}.gitMinor=36`,
    officialRelease: true,
  };
}

function containerd(command: string): Tool<'containerd'> {
  return {
    family: 'containerd',
    package: `github.com/containerd/containerd/v2/cmd/${command}`,
    version: containerdVersion,
    linkerFlags: `-X github.com/containerd/containerd/v2/version.Version=${containerdVersion}`,
  };
}

function cni(plugin: string): Tool<'cni'> {
  return {
    family: 'cni',
    package: `github.com/containernetworking/plugins/plugins/${plugin}`,
    version: cniVersion,
    linkerFlags: `-X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=${cniVersion}`,
  };
}

/** Every binary the testbed can use: the one place that names packages, versions and flags. */
export const tools = {
  'kube-apiserver': kubernetes('kube-apiserver'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kubelet: kubernetes('kubelet'),
  'kube-proxy': kubernetes('kube-proxy'),
  kubectl: kubernetes('kubectl'),
  etcd: { family: 'etcd', package: 'go.etcd.io/etcd/server/v3', version: 'v3.6.8' },
  kwok: {
    family: 'kwok',
    package: 'sigs.k8s.io/kwok/cmd/kwok',
    version: 'v0.8.0',
    linkerFlags: '-X sigs.k8s.io/kwok/pkg/consts.Version=v0.8.0',
  },
  containerd: containerd('containerd'),
  'containerd-shim-runc-v2': containerd('containerd-shim-runc-v2'),
  ctr: containerd('ctr'),
  runc: {
    family: 'runc',
    package: 'github.com/opencontainers/runc',
    version: 'v1.5.2',
    linkerFlags: '-X main.version=1.5.2',
    // Without seccomp compiled in, containerd's default profile keeps every pod from starting.
    buildTags: 'seccomp',
    cgo: true,
    buildPackages: ['gcc', 'libc6-dev', 'libseccomp-dev', 'pkg-config'],
  },
  ptp: cni('main/ptp'),
  'host-local': cni('ipam/host-local'),
  portmap: cni('meta/portmap'),
  coredns: { family: 'coredns', package: 'github.com/coredns/coredns', version: 'v1.15.0' },
  act: {
    family: 'act',
    package: 'github.com/nektos/act',
    version: 'v0.2.89',
    linkerFlags: '-X main.version=0.2.89',
  },
  actionlint: {
    family: 'actionlint',
    package: 'github.com/rhysd/actionlint/cmd/actionlint',
    version: 'v1.7.12',
    linkerFlags: '-X github.com/rhysd/actionlint.version=1.7.12',
  },
  // Rivals: only `npm run bench -- verdicts` asks for them.
  helm: {
    family: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    version: 'v4.2.4',
    linkerFlags: '-X helm.sh/helm/v4/internal/version.version=v4.2.4',
  },
  kapp: {
    family: 'kapp',
    package: 'carvel.dev/kapp/cmd/kapp',
    version: 'v0.64.2',
    linkerFlags: '-X carvel.dev/kapp/pkg/kapp/version.Version=0.64.2',
  },
  kubedog: {
    family: 'kubedog',
    package: 'github.com/werf/kubedog/cmd/kubedog',
    version: 'v0.13.0',
    linkerFlags: '-X github.com/werf/kubedog.Version=v0.13.0',
  },
  // Only `npm run bench -- smoke` asks for it.
  vegeta: {
    family: 'vegeta',
    package: 'github.com/tsenart/vegeta/v12',
    version: 'v12.13.0',
    linkerFlags: '-X main.Version=v12.13.0',
  },
} as const satisfies Record<string, Tool<Family>>;

export type ToolName = keyof typeof tools;
