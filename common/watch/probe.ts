import { chmod, stat, statfs } from 'node:fs/promises';

/**
 * File systems that another machine, or another kernel, writes to as well: what it changes raises no event here. The
 * numbers are those of statfs(2) on Linux.
 */
const remote: ReadonlySet<number> = new Set([
  0x01021997, // 9p: WSL's /mnt/c, and folders shared with a virtual machine
  0x65735546, // FUSE: Docker Desktop, sshfs, virtiofs
  0x6a656a63, // virtiofs under its own name
  0x6969, // NFS
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x517b, // SMB
  0x786f4256, // VirtualBox
  0xbacbacbc, // VMware
  0x7c7c6673, // Parallels
  0x53464846, // WSL 1
  0x00c36400, // Ceph
]);

const answerMs = 1_000;

/** True when other machines can write to the file's file system, so that events alone are not enough. */
export async function isShared(file: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  try {
    return remote.has((await statfs(file)).type);
  } catch {
    return true;
  }
}

/**
 * Tries whether changes of a file are told of: gives it the mode that it has, which changes nothing but raises an
 * event, and waits for that.
 *
 * @param heard resolves at the first event of the file
 */
export async function hearsEvents(file: string, heard: Promise<void>): Promise<boolean> {
  try {
    await chmod(file, (await stat(file)).mode & 0o7777);
  } catch {
    return false; // Not our file, or one that cannot be changed: there is no way to find out.
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), answerMs);
  });
  const answer = await Promise.race([heard.then(() => true), late]);
  clearTimeout(timer);
  return answer;
}
