#!/bin/sh
# An engine that misbehaves as its first argument says; for tests of the runner. The rest are the batch
# arguments that every engine gets.
behaviour=$1
shift
case "$behaviour" in
ok) echo "out $*"; echo "err" >&2; env | sort > env.txt; pwd > pwd.txt; ls > inherited.txt; for f in /proc/$$/fd/*; do readlink "$f"; done > fds.txt; true ;;
status) exit 3 ;;
kill_self) kill -9 $$ ;;
forever) touch started; while :; do sleep 0.05; done ;;
stubborn) trap '' TERM; touch started; while :; do sleep 0.05; done ;;
family)
    trap '' TERM
    setsid sh -c 'trap "" TERM; setsid sleep 997 & sleep 998' &
    env -i setsid sleep 995 &
    (trap '' TERM; sleep 999 & while :; do sleep 0.05; done) &
    touch started
    while :; do sleep 0.05; done ;;
leaves_children)
    # a sandbox without control groups refuses a session of its own
    if setsid true; then setsid sleep 996 & else sleep 996 & fi
    touch started
    ;;
flood) yes 2>/dev/null | head -c 5000000 ;;
big_file) yes 2>/dev/null | head -c 3000000 > big.bin ;;
big_files) for i in 1 2 3 4; do yes 2>/dev/null | head -c 900000 > "part$i.bin"; done; sleep 30 ;;
# 30 MB in ways that a list of names and sizes does not show
kept_size) : > kept.bin; if fallocate -n -l 30M kept.bin; then sleep 30; fi ;;
closed_folder) (umask 0477; mkdir closed); yes 2>/dev/null | head -c 30000000 > closed/hidden.bin; touch started; sleep 30 ;;
closed_folders) i=0; umask 0477; while [ $i -lt 100 ]; do mkdir "d$i"; i=$((i + 1)); done; sleep 30 ;;
unlinked) exec 3> gone.bin; rm gone.bin; yes 2>/dev/null | head -c 30000000 >&3; touch started; sleep 30 ;;
mapped) python3 -c "
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
fd = os.open('gone.bin', os.O_RDWR | os.O_CREAT)
os.write(fd, bytes(30_000_000))
libc.mmap(None, 4096, 1, 1, fd, 0)
os.unlink('gone.bin')
os.close(fd)
open('started', 'w').close()
time.sleep(30)" ;;
nested) python3 -c "
import os, time
for _ in range(200):
    os.mkdir('d' * 100); os.chdir('d' * 100)
open('hidden.bin', 'wb').write(bytes(30_000_000))
time.sleep(30)" ;;
many_files) i=0; while [ $i -lt 200 ]; do : > "f$i"; i=$((i + 1)); done; sleep 30 ;;
many_processes) i=0; while [ $i -lt 40 ]; do sleep 30 & i=$((i + 1)); done; wait ;;
spin) while :; do :; done ;;
memory) python3 -c "
import os, time
for _ in range(3): os.fork()
x = bytearray(30_000_000)
time.sleep(30)" ;;
short) sleep 0.6; touch done ;;
escape)
    {
        (echo x > ../outside.txt) 2>/dev/null && echo "wrote outside"
        (echo x > /tmp/ss_escape_probe) 2>/dev/null && echo "wrote tmp"
        cat /etc/shadow >/dev/null 2>&1 && echo "read shadow"
        cat ../spec.json >/dev/null 2>&1 && echo "read spec"
        ls .. >/dev/null 2>&1 && echo "listed the run"
        kill -0 "$PPID" 2>/dev/null && echo "signalled the launcher"
        python3 -c "
import socket
s = socket.socket()
try:
    s.connect(('127.0.0.1', 9))
    print('connected')
except PermissionError:
    pass
except OSError as e:
    print('reached', e)
try:
    s.bind(('127.0.0.1', 0))
    print('bound')
except PermissionError:
    pass
"
        cp /usr/bin/true ./own && ./own 2>/dev/null && echo "executed own program"
        echo "end"
    } > escapes.txt 2> escape_errors.txt ;;
esac
