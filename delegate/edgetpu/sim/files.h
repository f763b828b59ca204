// Small text files.
#ifndef CORALLITE_SIM_FILES_H
#define CORALLITE_SIM_FILES_H

#include <stdbool.h>

// file_read gives the contents as a string to be freed; NULL when the file cannot be read.
char *file_read(const char *path);

// file_contents is file_read of an open file, from its start.
char *file_contents(int fd);

// file_write replaces a file at once: who reads sees the old contents or the new ones. A message says why it fails.
bool file_write(const char *path, const char *text);

#endif
