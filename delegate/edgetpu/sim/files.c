#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim.h"

char *file_contents(int fd) {
	size_t size = 0, space = 4096;
	char *text = malloc(space);
	for (;;) {
		ssize_t n = pread(fd, text + size, space - size - 1, (off_t)size);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) break;
		size += (size_t)n;
		if (size == space - 1) text = realloc(text, space *= 2);
	}
	text[size] = 0;
	return text;
}

char *file_read(const char *path) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return NULL;
	char *text = file_contents(fd);
	close(fd);
	return text;
}

// The new file lies beside the old one, because a sandbox may forbid moving files between folders. Its name is always
// the same: writers hold the simulator's lock.
bool file_write(const char *path, const char *text) {
	char new[4096];
	char *copy = strdup(path);
	snprintf(new, sizeof new, "%s/.new", dirname(copy));
	free(copy);
	int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	size_t n = strlen(text);
	bool good = fd >= 0 && write(fd, text, n) == (ssize_t)n;
	int cause = errno;
	if (fd >= 0) close(fd);
	if (good && rename(new, path) != 0) {
		good = false;
		cause = errno;
	}
	if (!good) {
		sim_say("%s cannot be written: %s", path, strerror(cause));
		if (fd >= 0) unlink(new);
	}
	return good;
}
