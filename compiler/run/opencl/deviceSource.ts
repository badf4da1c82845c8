/** `fusion_device.c`: the OpenCL device of a run: chosen, opened, and its memory. */

export const DEVICE_SOURCE = String.raw`/* The OpenCL device of a run. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "fusion_device.h"

void fusion_device_expect(int32_t code, const char *what) {
  if (code == 0) return;
  static char text[96];
  snprintf(text, sizeof text, "%s (OpenCL error %d)", what, (int)code);
  fusion_fail(text, NULL);
}

static int choose(fusion_device *found, const char *wanted, uint64_t type) {
  cl_platform platforms[16];
  uint32_t platform_count = 0;
  if (clGetPlatformIDs(16, platforms, &platform_count) != 0) return 0;
  for (uint32_t i = 0; i < platform_count && i < 16; i++) {
    cl_device devices[16];
    uint32_t device_count = 0;
    if (clGetDeviceIDs(platforms[i], type, 16, devices, &device_count) != 0) continue;
    for (uint32_t j = 0; j < device_count && j < 16; j++) {
      char name[128] = "", vendor[128] = "", version[128] = "", driver[128] = "", device[128] = "";
      clGetDeviceInfo(devices[j], CL_DEVICE_NAME, sizeof name - 1, name, NULL);
      clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof vendor - 1, vendor, NULL);
      if (wanted != NULL && !strstr(name, wanted) && !strstr(vendor, wanted)) continue;
      clGetPlatformInfo(platforms[i], CL_PLATFORM_VERSION, sizeof version - 1, version, NULL);
      clGetDeviceInfo(devices[j], CL_DRIVER_VERSION, sizeof driver - 1, driver, NULL);
      clGetDeviceInfo(devices[j], CL_DEVICE_VERSION, sizeof device - 1, device, NULL);
      found->id = devices[j];
      found->is_gpu = type == CL_TYPE_GPU;
      memcpy(found->name, name, sizeof name);
      memcpy(found->version, device, sizeof device);
      snprintf(found->identity, sizeof found->identity, "%s\n%s\n%s\n%s\n%s", vendor, version, name,
               driver, device);
      return 1;
    }
  }
  return 0;
}

fusion_device fusion_device_open(const char *wanted) {
  fusion_device device = {0};
  fusion_cl_load();
  if (!choose(&device, wanted, CL_TYPE_GPU) && !choose(&device, wanted, CL_TYPE_ALL)) {
    fusion_fail_unavailable(wanted ? "no OpenCL device has that name"
                                   : "the OpenCL library here knows no device");
  }
  int32_t code = 0;
  device.context = clCreateContext(NULL, 1, &device.id, NULL, NULL, &code);
  fusion_device_expect(code, "the device cannot be used");
  device.queue = clCreateCommandQueue(device.context, device.id, CL_QUEUE_PROFILING, &code);
  fusion_device_expect(code, "the device cannot be used");
  return device;
}

cl_memory fusion_device_memory(const fusion_device *device, int64_t bytes, const char *what) {
  uint64_t most = 0;
  clGetDeviceInfo(device->id, CL_DEVICE_MAX_ALLOCATION, sizeof most, &most, NULL);
  if (bytes > 0 && (uint64_t)bytes > most) {
    static char text[160];
    snprintf(text, sizeof text,
             "the device gives at most %" PRIu64 " MiB at a time, and %" PRId64 " MiB are needed for",
             most >> 20, bytes >> 20);
    fusion_fail(text, what);
  }
  int32_t code = 0;
  cl_memory memory = clCreateBuffer(device->context, CL_MEMORY_READ_WRITE,
                                    bytes < 64 ? 64 : (size_t)bytes, NULL, &code);
  if (code != 0) fusion_fail("there is not enough memory of the device for", what);
  return memory;
}
`;
