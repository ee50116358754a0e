import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImageArchive } from '../images/archive.ts';

/** The image of the container that holds a pod's namespaces open. No registry has it: it is made here. */
export const pauseImage = 'orion.test/pause:1';

const architectures = {
  x64: {
    machine: 62,
    // 0: mov eax, 34 (pause); syscall; jmp 0
    code: [0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7],
  },
  arm64: {
    machine: 183,
    // 0: mov x0..x3, 0; mov x8, 73 (ppoll: this architecture has no pause); svc 0; b 0
    code: [
      [0x00, 0x00, 0x80, 0xd2],
      [0x01, 0x00, 0x80, 0xd2],
      [0x02, 0x00, 0x80, 0xd2],
      [0x03, 0x00, 0x80, 0xd2],
      [0x28, 0x09, 0x80, 0xd2],
      [0x01, 0x00, 0x00, 0xd4],
      [0xfa, 0xff, 0xff, 0x17],
    ].flat(),
  },
} as const;

type Architecture = (typeof architectures)[keyof typeof architectures];

/** Writes the pause image's archive, for the processor of this machine, into a folder and returns its path. */
export async function writePauseArchive(folder: string): Promise<string> {
  const program = join(folder, 'pause');
  await writeFile(program, pauseProgram(architectures[process.arch === 'arm64' ? 'arm64' : 'x64']));
  const archive = join(folder, 'pause.tar');
  const layer = [{ from: program, to: '/pause', mode: 0o755 }];
  await writeImageArchive({ reference: pauseImage, entrypoint: ['/pause'], layers: [layer] }, archive);
  return archive;
}

/**
 * A complete static program: an ELF header, one segment that maps the whole file, and a loop that sleeps until a signal.
 * As process 1 of its namespace it has no default handlers, so only SIGKILL ends it, and that is what containerd sends.
 */
function pauseProgram({ machine, code }: Architecture): Buffer {
  const headers = 64 + 56;
  const base = 0x400000n;
  const file = Buffer.alloc(headers + code.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // "\x7fELF", 64 bits, little endian, version 1
  file.writeUInt16LE(2, 16); // executable
  file.writeUInt16LE(machine, 18); // machine
  file.writeUInt32LE(1, 20); // version
  file.writeBigUInt64LE(base + BigInt(headers), 24); // entry point
  file.writeBigUInt64LE(64n, 32); // offset of the program headers
  file.writeUInt16LE(64, 52); // size of this header
  file.writeUInt16LE(56, 54); // size of a program header
  file.writeUInt16LE(1, 56); // their number
  file.writeUInt32LE(1, 64); // segment: load
  file.writeUInt32LE(5, 68); // readable, executable
  file.writeBigUInt64LE(base, 80); // virtual address
  file.writeBigUInt64LE(base, 88); // physical address
  file.writeBigUInt64LE(BigInt(file.length), 96); // size in the file
  file.writeBigUInt64LE(BigInt(file.length), 104); // size in memory
  file.writeBigUInt64LE(0x1000n, 112); // alignment
  file.set(code, headers);
  return file;
}
