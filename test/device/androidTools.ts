// The shell and tools of an Android device: its own shell (mksh) and the toybox of this computer, and in place of what
// the kernel would tell of the wrong machine, scripts that answer for the device.
import type { DeviceProfile } from './profile.ts';

/** Those of toybox that Android ships and scripts may use. */
const TOYBOX =
  '[ basename cat chmod chown cksum cmp cp cut date df dirname du echo egrep env false fgrep ' +
  'find flock getconf grep groups head id kill killall ln ls md5sum mkdir mkfifo mktemp mv ' +
  'nice nohup od paste pgrep pidof pkill printenv printf ps pwd readlink realpath renice rm ' +
  'rmdir sed seq setsid sha1sum sha256sum sleep sort split stat sync tail tee test time ' +
  'timeout top touch true truncate tty ulimit uniq uptime usleep vmstat wc which whoami xargs ' +
  'xxd yes';

/** Those that Android's toybox has and this computer's lacks. */
const OTHERS = ['dd', 'diff', 'expr', 'tr'];

export const toolLinks: Readonly<Record<string, string>> = {
  sh: '/usr/bin/mksh',
  mksh: '/usr/bin/mksh',
  toybox: '/usr/bin/toybox',
  ...Object.fromEntries(OTHERS.map((name) => [name, `/usr/bin/${name}`])),
  ...Object.fromEntries(TOYBOX.split(' ').map((name) => [name, '/usr/bin/toybox'])),
};

const GETPROP = `#!/system/bin/sh
if [ $# = 0 ]; then sed 's/^\\([^=]*\\)=\\(.*\\)$/[\\1]: [\\2]/' /system/build.prop; exit; fi
while read -r line; do
  case $line in "$1="*) echo "\${line#*=}"; exit;; esac
done </system/build.prop
echo "$2"
`;

/** Of all services only what draws the screen, which names the GPU. */
function dumpsys(gles: string): string {
  return `#!/system/bin/sh
while [ $# -gt 1 ]; do shift; done
[ "$1" = SurfaceFlinger ] || exit 1
echo 'Build configuration: [sf HAS_CONTEXT_PRIORITY=1]'
echo '  GLES: ${gles}'
`;
}

/** What a phone's kernel lets pass: this computer may have fewer processors. */
const TASKSET = `#!/system/bin/sh
if [ "$1" = -p ]; then exit 0; fi
shift
exec "$@"
`;

function uname(machine: string): string {
  return `#!/system/bin/sh
case "$*" in
  -m) echo ${machine};;
  -a) echo "Linux localhost 5.10.157-android13 #1 SMP PREEMPT ${machine} Toybox";;
  *) exec toybox uname "$@";;
esac
`;
}

/** By name. */
export function toolScripts(profile: DeviceProfile): Readonly<Record<string, string>> {
  return {
    getprop: GETPROP,
    uname: uname(profile.machine),
    nproc: `#!/system/bin/sh\necho ${profile.cores}\n`,
    taskset: TASKSET,
    ...(profile.gles === undefined ? {} : { dumpsys: dumpsys(profile.gles) }),
  };
}
