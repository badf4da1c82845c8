// An x86_64 device as an emulator on this computer would be: its programs run as they are, with this computer's OpenCL.
import { availableParallelism } from 'node:os';
import { commonProperties, ELF_X86_64 } from './profile.ts';
import type { DeviceProfile } from './profile.ts';

export const emulatorProfile: DeviceProfile = {
  name: 'emulator',
  machine: 'x86_64',
  properties: {
    ...commonProperties('14', 34, ['x86_64']),
    'ro.product.manufacturer': 'Google',
    'ro.product.brand': 'google',
    'ro.product.name': 'sdk_gphone64_x86_64',
    'ro.product.device': 'emu64x',
    'ro.product.model': 'sdk_gphone64_x86_64',
    'ro.hardware': 'ranchu',
    'ro.board.platform': '',
    'ro.kernel.qemu': '1',
  },
  machines: { [ELF_X86_64]: '-' },
  environment: { POCL_CACHE_DIR: '/data/cache' },
  cores: availableParallelism(),
  files: {},
  hosted: true,
};
