// A phone of 64 bits with big and little cores, clocks and temperature sensors; its programs run emulated.
import { cpuFiles } from './cpuFiles.ts';
import { commonProperties, ELF_AARCH64, ELF_ARM } from './profile.ts';
import type { DeviceProfile } from './profile.ts';

export const phoneProfile: DeviceProfile = {
  name: 'phone',
  machine: 'aarch64',
  properties: {
    ...commonProperties('13', 33, ['arm64-v8a', 'armeabi-v7a', 'armeabi']),
    'ro.product.manufacturer': 'Google',
    'ro.product.brand': 'google',
    'ro.product.name': 'oriole',
    'ro.product.device': 'oriole',
    'ro.product.model': 'Pixel 6',
    'ro.soc.manufacturer': 'Google',
    'ro.soc.model': 'Tensor',
    'ro.board.platform': 'gs101',
    'ro.hardware': 'oriole',
  },
  machines: {
    [ELF_AARCH64]: '/usr/bin/qemu-aarch64-static',
    [ELF_ARM]: '/usr/bin/qemu-arm-static',
  },
  // Half precision and dot products, no scalable vectors.
  environment: { QEMU_CPU: 'max,sve=off' },
  cores: 8,
  gles: 'ARM, Mali-G78, OpenGL ES 3.2 v1.r38p1-01eac0.1c2b5d7e',
  files: cpuFiles(
    [
      { part: 0xd05, cores: [0, 1, 2, 3], minKhz: 300_000, maxKhz: 1_803_000 },
      { part: 0xd0b, cores: [4, 5], minKhz: 400_000, maxKhz: 2_253_000 },
      { part: 0xd44, cores: [6, 7], minKhz: 500_000, maxKhz: 2_802_000 },
    ],
    'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp',
    [
      { type: 'BIG', millidegrees: 41_000 },
      { type: 'LITTLE', millidegrees: 38_500 },
      { type: 'battery', millidegrees: 29_000 },
    ],
  ),
  hosted: false,
};

/** Of 32 bits, too old for the shell protocol. */
export const oldPhoneProfile: DeviceProfile = {
  name: 'old phone',
  machine: 'armv7l',
  properties: {
    ...commonProperties('6.0.1', 23, ['armeabi-v7a', 'armeabi']),
    'ro.product.manufacturer': 'LGE',
    'ro.product.brand': 'google',
    'ro.product.name': 'hammerhead',
    'ro.product.device': 'hammerhead',
    'ro.product.model': 'Nexus 5',
    'ro.board.platform': 'msm8974',
    'ro.hardware': 'hammerhead',
  },
  machines: { [ELF_ARM]: '/usr/bin/qemu-arm-static' },
  environment: { QEMU_CPU: 'cortex-a15' },
  cores: 4,
  files: cpuFiles(
    [{ part: 0x06f, implementer: 0x51, cores: [0, 1, 2, 3], minKhz: 300_000, maxKhz: 2_265_600 }],
    'swp half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt',
    [{ type: 'tsens_tz_sensor0', millidegrees: 45 }],
  ),
  hosted: false,
};
