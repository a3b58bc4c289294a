import { printableData, printableJson } from '../../common/printable.ts';
import type { Notice } from './notice.ts';

/** What the agent says, as one line for people. */
export function renderNotice(said: Notice): string {
  // A program's own output is shown as it is.
  const notice = said.event === 'output' ? said : printableData(said);
  switch (notice.event) {
    case 'ready':
      return [
        `agent ready on ${notice.address}`,
        ...(notice.insecure
          ? ['  INSECURE: no encryption, no authentication; every user of this machine can push code']
          : []),
        `  programs: VAIS_HOT_LINK=${notice.link}`,
        ...(notice.insecure ? [`  push:     vais-remote push FILE --to ${notice.address}`] : []),
      ].join('\n');
    case 'token':
      return [
        'Nobody is paired with this agent yet. On the machine of the first developer:',
        `  vais-remote pair    and paste ${notice.token}`,
        `  This works once, within ${Math.round(notice.seconds / 60)} minutes. Whoever has it can give code to your programs.`,
      ].join('\n');
    case 'unpaired':
      return [
        'Nobody is paired with this agent yet. A token would stay in the log, so none is shown; make one here:',
        `  vais-remote agent token --data ${notice.data}`,
      ].join('\n');
    case 'linked':
      return `${notice.program} (pid ${notice.pid}) is connected`;
    case 'unlinked':
      return `${notice.program} (pid ${notice.pid}) is gone`;
    case 'started':
      return `${notice.program} (pid ${notice.pid}) ${notice.adopted ? 'was running already' : 'started'}`;
    case 'exited': {
      const next = notice.restartMs === undefined ? '' : `; starting it again in ${notice.restartMs / 1000} s`;
      return `${notice.program} ${notice.how}${next}`;
    }
    case 'output':
      return `${notice.program} | ${notice.text}`;
    case 'warning':
      return `warning: ${notice.message}`;
    case 'stopped':
      return 'agent stopped';
    default: {
      const version = notice.version === 0 ? '' : ` v${notice.version}`;
      const why = 'reason' in notice ? `: ${notice.reason.message}` : '';
      return `${notice.program}/${notice.module}${version} ${notice.event} ${notice.ms.toFixed(1)} ms${why}`;
    }
  }
}

/** What the agent says, as one JSON object. Times are rounded to microseconds. */
export function noticeJson(notice: Notice): string {
  return printableJson(
    JSON.stringify('ms' in notice ? { ...notice, ms: Math.round(notice.ms * 1000) / 1000 } : notice),
  );
}
