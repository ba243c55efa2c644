/* A simulated libnvidia-ml.so.1 whose true energy is known.
 *
 * Tests compile it and load it with the real pynvml, so that the real names and ctypes signatures
 * are used. Every device's name begins with "SIMULATED", from which the meter marks its figures.
 * Device i draws (i + 1) times the curve. Time runs from nvmlInit on CLOCK_MONOTONIC, which is
 * Python's time.perf_counter on Linux. Environment variables, read by nvmlInit:
 *
 *   FAKE_NVML_POWER      constant:W | step:W:W:AT_S | ramp:W:W:OVER_S     (default constant:120)
 *   FAKE_NVML_UPDATE_MS  period of the energy counter                      (default 20)
 *   FAKE_NVML_DEVICES    number of devices                                 (default 1)
 *   FAKE_NVML_BUSY       utilisation in percent                            (default 75)
 *   FAKE_NVML_PROCESSES  number of compute processes listed                (default 0)
 *   FAKE_NVML_OWN        1: the first of them is the process itself
 *   FAKE_NVML_MIG        1: MIG is on; else the call is not supported
 *   FAKE_NVML_POWER_GAIN factor of every power reading, not of the counter (default 1)
 *   FAKE_NVML_THROTTLE   bits of the clocks' event reasons                 (default 0)
 *   FAKE_NVML_GPU        name of every GPU after "SIMULATED "              (default GPU)
 *   FAKE_NVML_SHARE      the GPU's part of the power that the counter counts, which is then that of
 *                        the module                                        (default 1)
 *   FAKE_NVML_LIMIT      enforced power limit, W: W | W:W:AT_S             (default 700)
 *   FAKE_NVML_CLOCK      clock of the SMs, MHz: MHZ | MHZ:MHZ:AT_S         (default 1410)
 *   FAKE_NVML_JUMP       J:AT_S, the counter jumps forward
 *   FAKE_NVML_THERMAL    S:AT_S, a thermal slowdown of so many seconds that ends then, and
 *   FAKE_NVML_BOARD, FAKE_NVML_CAPPED: the same of the board's limit and of the power limit
 *   FAKE_NVML_FAIL       list with commas of CALL:CODE (init, count, handle, name, uuid, energy,
 *                        samples, util, processes, fields, field, power, reasons, clock,
 *                        temperature, module, limit, violations), handle0, handle1, ... of one device alone,
 *                        lost_after_s:S, frozen_after_s:S, frozen, backwards_after_s:S
 *
 * -DWITHOUT_ENERGY leaves the symbol out, as a driver before Volta's did; -DWITHOUT_FIELDS that of
 * the field values.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    GPU_IS_LOST = 15
};
enum { CONSTANT, STEP, RAMP };

typedef struct { unsigned int gpu, memory; } utilization_t;
typedef union { double d; unsigned int ui; unsigned long ul; unsigned long long ull; } value_t;
typedef struct { unsigned long long time_us; value_t value; } sample_t;
typedef struct {
    unsigned int field, scope;
    long long time_us, latency_us;
    int value_type, code;
    value_t value;
} field_t;
typedef struct {
    unsigned int pid;
    unsigned long long used_bytes;
    unsigned int gpu_instance, compute_instance;
} process_t;
typedef struct { unsigned long long reference_us, violation_ns; } violation_t;

static const double SAMPLE_S = 1.0 / 6;
static const unsigned int BUFFER = 120;
static const unsigned long long BOOT_MJ = 5000000; /* a real counter has run since the driver's load */

static int ready, kind;
static double origin_s, power_w[2], at_s, update_s, lost_s, frozen_s, backwards_s;
static double power_gain, share;
static unsigned int devices, busy, processes, own, mig, throttle;

static double clock_s(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static double now_s(void) { return clock_s(CLOCK_MONOTONIC) - origin_s; }

static double number(const char *name, double otherwise) {
    const char *text = getenv(name);
    return text ? atof(text) : otherwise;
}

/* The number after "key:" in FAKE_NVML_FAIL. */
static double clause(const char *key, double otherwise) {
    const char *at = getenv("FAKE_NVML_FAIL");
    size_t length = strlen(key);
    while (at && *at) {
        if (strncmp(at, key, length) == 0 && at[length] == ':') return atof(at + length + 1);
        if (strncmp(at, key, length) == 0 && (at[length] == ',' || !at[length])) return 0;
        at = strchr(at, ',');
        if (at) at++;
    }
    return otherwise;
}

/* A number that is another from AT_S on: "X" or "X:Y:AT_S". */
static double changing(const char *name, double otherwise) {
    const char *text = getenv(name);
    double first = otherwise, then, when_s;
    if (text && sscanf(text, "%lf:%lf:%lf", &first, &then, &when_s) == 3)
        return now_s() >= when_s ? then : first;
    return text ? atof(text) : otherwise;
}

/* The first number of "X:AT_S" from AT_S on, 0 before. */
static double after(const char *name, double t) {
    const char *text = getenv(name);
    double x, when_s;
    return text && sscanf(text, "%lf:%lf", &x, &when_s) == 2 && t >= when_s ? x : 0;
}

static int failing(const char *call) {
    if (!ready && strcmp(call, "init")) return UNINITIALIZED;
    if (ready && now_s() > lost_s) return GPU_IS_LOST;
    return (int)clause(call, SUCCESS);
}

/* Exact energy of the curve from nvmlInit on, joules. */
static double curve_j(double t) {
    if (kind == CONSTANT) return power_w[0] * t;
    if (kind == STEP) return power_w[0] * fmin(t, at_s) + power_w[1] * fmax(t - at_s, 0);
    double u = fmin(t, at_s);
    return power_w[0] * u + (power_w[1] - power_w[0]) / at_s * u * u / 2 +
           power_w[1] * fmax(t - at_s, 0);
}

double fake_nvml_origin_s(void) { return origin_s; }

int nvmlInitWithFlags(unsigned int flags) {
    (void)flags;
    int code = failing("init");
    if (code) return code;
    const char *curve = getenv("FAKE_NVML_POWER");
    if (!curve) curve = "constant:120";
    power_w[0] = power_w[1] = at_s = 0;
    if (sscanf(curve, "constant:%lf", &power_w[0]) == 1) kind = CONSTANT;
    else if (sscanf(curve, "step:%lf:%lf:%lf", &power_w[0], &power_w[1], &at_s) == 3) kind = STEP;
    else if (sscanf(curve, "ramp:%lf:%lf:%lf", &power_w[0], &power_w[1], &at_s) == 3) kind = RAMP;
    else return INVALID_ARGUMENT;
    update_s = number("FAKE_NVML_UPDATE_MS", 20) / 1000;
    devices = (unsigned int)number("FAKE_NVML_DEVICES", 1);
    busy = (unsigned int)number("FAKE_NVML_BUSY", 75);
    processes = (unsigned int)number("FAKE_NVML_PROCESSES", 0);
    own = (unsigned int)number("FAKE_NVML_OWN", 0);
    mig = (unsigned int)number("FAKE_NVML_MIG", 0);
    power_gain = number("FAKE_NVML_POWER_GAIN", 1);
    share = number("FAKE_NVML_SHARE", 1);
    throttle = (unsigned int)number("FAKE_NVML_THROTTLE", 0);
    lost_s = clause("lost_after_s", INFINITY);
    frozen_s = fmin(clause("frozen", INFINITY), clause("frozen_after_s", INFINITY));
    backwards_s = clause("backwards_after_s", INFINITY);
    origin_s = clock_s(CLOCK_MONOTONIC);
    ready = 1;
    return SUCCESS;
}

int nvmlShutdown(void) {
    ready = 0;
    return SUCCESS;
}

const char *nvmlErrorString(int code) {
    (void)code;
    return "simulated error";
}

int nvmlDeviceGetCount_v2(unsigned int *count) {
    *count = devices;
    return failing("count");
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) {
    if (index >= devices) return INVALID_ARGUMENT;
    *device = (void *)(uintptr_t)(index + 1);
    char own_clause[24];
    snprintf(own_clause, sizeof own_clause, "handle%u", index);
    int code = failing(own_clause);
    return code ? code : failing("handle");
}

static void uuid_of(unsigned int index, char *text, unsigned int size) {
    snprintf(text, size, "GPU-00000000-0000-0000-0000-%012u", index);
}

int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    if (mig && strncmp(uuid, "MIG-", 4) == 0) return nvmlDeviceGetHandleByIndex_v2(0, device);
    for (unsigned int index = 0; index < devices; index++) {
        char text[96];
        uuid_of(index, text, sizeof text);
        if (strcmp(uuid, text) == 0) return nvmlDeviceGetHandleByIndex_v2(index, device);
    }
    return NOT_FOUND;
}

int nvmlDeviceGetName(void *device, char *name, unsigned int size) {
    const char *kind = getenv("FAKE_NVML_GPU");
    snprintf(name, size, "SIMULATED %s %u", kind ? kind : "GPU",
             (unsigned int)(uintptr_t)device - 1);
    return failing("name");
}

int nvmlDeviceGetUUID(void *device, char *uuid, unsigned int size) {
    uuid_of((unsigned int)(uintptr_t)device - 1, uuid, size);
    return failing("uuid");
}

#ifndef WITHOUT_ENERGY
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *energy_mj) {
    double t = floor(fmin(now_s(), frozen_s) / update_s) * update_s;
    double energy_j = t > backwards_s ? curve_j(t) - curve_j(backwards_s) : curve_j(t);
    *energy_mj = (t > backwards_s ? 0 : BOOT_MJ) +
                 (unsigned long long)(energy_j * 1000 * (double)(uintptr_t)device) +
                 (unsigned long long)(after("FAKE_NVML_JUMP", t) * 1000);
    return failing("energy");
}
#endif

/* Power of the last update period. */
static unsigned int power_mw(void *device) {
    double t = floor(now_s() / update_s) * update_s, before = fmax(t - update_s, 0);
    double w = t > before ? (curve_j(t) - curve_j(before)) / (t - before) : power_w[0];
    if (kind == CONSTANT) w = power_w[0]; /* to the milliwatt */
    return (unsigned int)(w * 1000 * power_gain * (double)(uintptr_t)device);
}

#ifndef WITHOUT_FIELDS
int nvmlDeviceGetFieldValues(void *device, int count, field_t *values) {
    for (int i = 0; i < count; i++) {
        int of_module = values[i].scope == 1, is_power = values[i].field == 186;
        int known = is_power || (values[i].field == 190 && of_module); /* power, current limit */
        values[i].code = known ? (int)clause(of_module ? "module" : "field", SUCCESS) : NOT_SUPPORTED;
        values[i].value_type = 1; /* unsigned int */
        values[i].value.ui = is_power ? (unsigned int)(power_mw(device) * (of_module ? 1 : share))
                                      : (unsigned int)(1000 * changing("FAKE_NVML_LIMIT", 700));
    }
    return failing("fields");
}
#endif

int nvmlDeviceGetPowerUsage(void *device, unsigned int *mw) {
    *mw = (unsigned int)(power_mw(device) * share);
    return failing("power");
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *reasons) {
    (void)device;
    *reasons = throttle;
    return failing("reasons");
}

int nvmlDeviceGetClockInfo(void *device, int kind_of_clock, unsigned int *mhz) {
    (void)device;
    if (kind_of_clock != 1) return INVALID_ARGUMENT; /* NVML_CLOCK_SM */
    *mhz = (unsigned int)changing("FAKE_NVML_CLOCK", 1410);
    return failing("clock");
}

int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned int *mw) {
    (void)device;
    *mw = (unsigned int)(1000 * changing("FAKE_NVML_LIMIT", 700));
    return failing("limit");
}

int nvmlDeviceGetViolationStatus(void *device, int policy, violation_t *status) {
    (void)device;
    const char *of_policy[] = {"FAKE_NVML_CAPPED", "FAKE_NVML_THERMAL", 0, "FAKE_NVML_BOARD"};
    if (policy < 0 || policy > 3 || !of_policy[policy]) return NOT_SUPPORTED;
    status->reference_us = (unsigned long long)(now_s() * 1e6);
    status->violation_ns = (unsigned long long)(after(of_policy[policy], now_s()) * 1e9);
    return failing("violations");
}

int nvmlDeviceGetTemperature(void *device, int sensor, unsigned int *celsius) {
    (void)device;
    if (sensor != 0) return INVALID_ARGUMENT;
    *celsius = 61;
    return failing("temperature");
}

int nvmlDeviceGetSamples(void *device, int type, unsigned long long since_us, int *value_type,
                         unsigned int *count, sample_t *samples) {
    int code = failing("samples");
    (void)device;
    if (code || type != 1) return code ? code : NOT_SUPPORTED;
    *value_type = 1; /* unsigned int */
    if (!samples) {
        *count = BUFFER;
        return SUCCESS;
    }
    double to_epoch_s = clock_s(CLOCK_REALTIME) - now_s();
    long newest = (long)(now_s() / SAMPLE_S), k = newest - BUFFER + 1;
    unsigned int filled = 0;
    for (k = k < 0 ? 0 : k; k <= newest && filled < *count; k++) {
        unsigned long long time_us = (unsigned long long)((k * SAMPLE_S + to_epoch_s) * 1e6);
        if (time_us <= since_us) continue;
        samples[filled].time_us = time_us;
        samples[filled++].value.ui = busy;
    }
    *count = filled;
    return filled ? SUCCESS : NOT_FOUND;
}

int nvmlDeviceGetUtilizationRates(void *device, utilization_t *rates) {
    (void)device;
    rates->gpu = busy;
    rates->memory = busy / 2;
    return failing("util");
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned int *count, process_t *infos) {
    int code = failing("processes");
    (void)device;
    if (code) return code;
    if (*count < processes) {
        *count = processes;
        return INSUFFICIENT_SIZE;
    }
    *count = processes;
    for (unsigned int i = 0; i < processes; i++) {
        unsigned int pid = own && i == 0 ? (unsigned int)getpid() : 100000000 + i;
        infos[i] = (process_t){.pid = pid, .used_bytes = 1 << 20};
    }
    return SUCCESS;
}

int nvmlDeviceGetMigMode(void *device, unsigned int *current, unsigned int *pending) {
    (void)device;
    if (!mig) return NOT_SUPPORTED;
    *current = *pending = 1;
    return SUCCESS;
}
