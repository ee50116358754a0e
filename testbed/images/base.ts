import type { LayerEntry } from './layer.ts';

/** The user all images run as; restricted pod security allows it. */
export const nonRootUser = '65532:65532';

/** What programs expect of any system: users, name look-ups, certificates, and a folder for temporary files. */
export const baseEntries: readonly LayerEntry[] = [
  {
    to: '/etc/passwd',
    content: 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n',
  },
  { to: '/etc/group', content: 'root:x:0:\nnonroot:x:65532:\n' },
  { to: '/etc/nsswitch.conf', content: 'passwd: files\ngroup: files\nhosts: files dns\n' },
  { to: '/tmp', folder: true, mode: 0o1777 },
];

/** The certificate authorities that the machine trusts. */
export const certificateEntries: readonly LayerEntry[] = [
  { from: '/etc/ssl/certs/ca-certificates.crt', to: '/etc/ssl/certs/ca-certificates.crt' },
];

const shellCommands =
  'cat chmod cp date dd echo env false grep head id kill ls mkdir mv printf rm seq sh sleep tail test touch true wc yes';

/** busybox-static and its commands. Without wget, which crashes on name look-ups when linked statically. */
export const shellEntries: readonly LayerEntry[] = [
  { from: '/bin/busybox', to: '/bin/busybox', mode: 0o755 },
  ...shellCommands.split(' ').map((name) => ({ to: `/bin/${name}`, target: 'busybox' })),
];
