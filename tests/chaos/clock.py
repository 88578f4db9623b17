"""A clock that can be set, for one program and what it starts: a library that stands before the system's."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# The clock that only goes forward is left alone, as it is where somebody sets the time.
SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long shift(void) {
    const char *name = getenv("CLOCK_SHIFT_FILE");
    FILE *file = name ? fopen(name, "r") : NULL;
    long seconds = 0;
    if (file) {
        if (fscanf(file, "%ld", &seconds) != 1) seconds = 0;
        fclose(file);
    }
    return seconds;
}

int clock_gettime(clockid_t which, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(which, now);
    if (result == 0 && which == CLOCK_REALTIME) now->tv_sec += shift();
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict result, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    result->tv_sec = now.tv_sec;
    result->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


@dataclass(frozen=True)
class Clock:
    """The clock.

    Attributes:
        file: Tells how far it is off, in seconds.
        environment: What a program has to be started with.
    """

    file: Path
    environment: dict[str, str]

    def set(self, seconds: int) -> None:
        """Set it so many seconds off."""
        draft = self.file.with_suffix(".new")
        draft.write_text(str(seconds), encoding="ascii")
        draft.replace(self.file)


def make(folder: Path) -> Clock | None:
    """Make the library; None where there is no compiler, or it cannot."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(SOURCE, encoding="ascii")
    command = [compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    clock = Clock(folder / "clock", {"LD_PRELOAD": str(library), "CLOCK_SHIFT_FILE": str(folder / "clock")})
    clock.set(0)
    return clock
