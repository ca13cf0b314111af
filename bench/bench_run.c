/* Runs a program without its output, and prints its seconds and its peak as a JSON line: bench_run PROGRAM
 * [ARGUMENTS]
 *
 * It is small itself: a process's peak, as the system counts it, begins with that of the process that started
 * it. */
#include "measure.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    const int nothing = open("/dev/null", O_RDWR);
    if (count < 2 || nothing < 0)
        return 2;
    const double begin = seconds_now();
    const pid_t child = fork();
    if (child == 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        execvp(arguments[1], arguments + 1);
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return 2;
    const double seconds = seconds_now() - begin;
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return 1;
    printf("{\"seconds\": %.6f, \"peak_bytes\": %.0f}\n", seconds, 1024.0 * (double)usage.ru_maxrss);
    return 0;
}
