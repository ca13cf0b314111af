#!/bin/sh
# avx512.sh BUILD [NAME ...]: runs test programs on an emulated processor with AVX-512, for machines that have none. A
# small Linux holds the programs and the golden values, boots in Bochs, runs them one after the other and powers off.
# Without names, those whose numbers come from the kernels are run. All files are in BUILD/avx512; what the guest
# printed is in BUILD/avx512/serial.txt. An emulated processor is some hundred times slower than a real one: without
# names this takes from a quarter of an hour to an hour. test_gemm has to be named, and takes longer than all others.
# The last line is "N passed, N failed".
#   BOCHS     another Bochs. Debian's has a debugger in it, which makes it several times slower than one of your own
#             (configure --with-nogui --enable-x86-64 --enable-avx --enable-evex --enable-all-optimizations)
#   KERNEL    another kernel (a bzImage) than Debian's linux-image-cloud-amd64
#   PATIENCE  seconds after which the machine is switched off, 14400 if not set
set -eu
build=$(cd "${1:?"usage: avx512.sh BUILD [NAME ...]"}" && pwd)
shift
source=$(cd "$(dirname "$0")/.." && pwd)
if [ $# -eq 0 ]; then
    set -- test_elementwise test_elementwise_golden test_math test_half test_random test_losses test_reduce \
        test_reduce_more test_normalize test_optim test_optim_kinds test_same_bits
fi
for name in "$@"; do
    [ -x "$build/tests/$name" ] || { echo "avx512.sh: no $build/tests/$name" >&2; exit 2; }
done
bochs=${BOCHS:-bochs}
work=$build/avx512
root=$work/root
mkdir -p "$work"
cd "$work"

# The kernel is unpacked here, and not installed.
if [ -z "${KERNEL:-}" ]; then
    KERNEL=$work/vmlinuz
    if [ ! -r "$KERNEL" ]; then
        package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-\)/\1/p' | head -n 1)
        [ -n "$package" ] || { echo "avx512.sh: apt-get knows no kernel; KERNEL can name one" >&2; exit 2; }
        apt-get -q download "$package" >download.log 2>&1 || { cat download.log >&2; exit 2; }
        dpkg-deb --fsys-tarfile "$package"_*.deb | tar -x -O --wildcards './boot/vmlinuz-*' >unpacked
        mv unpacked "$KERNEL"
        rm -f "$package"_*.deb
    fi
fi

# The guest's files lie where the tests look for them: the programs, their libraries, the golden values; and a busybox.
rm -rf root iso
mkdir -p root/bin root/dev root/proc root/tmp iso "$root$build/tests" "$root$source/tests/golden"
busybox=$(command -v busybox)
cp "$busybox" root/bin/busybox
cp "$source"/tests/golden/*.pack "$source"/tests/golden/*.txt "$root$source/tests/golden/"
for name in "$@"; do
    strip -o "$root$build/tests/$name" "$build/tests/$name"
    ldd "$build/tests/$name" "$busybox" 2>/dev/null || true # a static one has no libraries
done | grep -o '/[^ ]* (0x' | cut -d ' ' -f 1 | sort -u | while read -r library; do
    mkdir -p "root${library%/*}"
    cp -L "$library" "root$library"
done

# Lines that begin with "@" are for this script.
cat >root/init <<END
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
cd '$source'
for flag in avx512f avx512vl avx512dq avx512bw; do grep -qw \$flag /proc/cpuinfo && echo "@has \$flag"; done
for name in $*; do
    echo "@run \$name"
    '$build'/tests/\$name </dev/null 2>&1
    printf '\n@end %s %s\n' \$name \$?
done
sleep 1
poweroff -f
END
chmod +x root/init
(cd root && find . | cpio -o -H newc --quiet | gzip -1 >../iso/initrd)
cp "$KERNEL" iso/vmlinuz
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 iso
# Bochs 2.7 names a wrong size for XSAVEC (321) and XSAVES, for which Linux would do without AVX altogether.
cat >iso/isolinux.cfg <<END
default taper
label taper
kernel vmlinuz
append initrd=initrd console=ttyS0 quiet mitigations=off panic=-1 noxsaves clearcpuid=321
END
xorriso -as mkisofs -quiet -o boot.iso -b isolinux.bin -no-emul-boot -boot-load-size 4 -boot-info-table iso \
    2>xorriso.log

# Few instructions a second, by the guest's clock: what waits for time to pass waits for fewer instructions. Another
# model, corei7_icelake_u, has FSRM without ERMS, and Linux 6.1 does not survive its first memmove of a few bytes there.
# A Bochs with a debugger waits for "c".
cat >bochsrc <<END
config_interface: textconfig
${BOCHS:+#}display_library: term
cpu: model=corei7_skylake_x, ips=25000000
clock: sync=none
memory: guest=512, host=512
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0-master: type=cdrom, path=boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=serial.txt
log: bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
END
rm -f serial.txt
echo "Booting ($bochs); the guest's output goes to $work/serial.txt"
echo c | TERM=vt100 timeout --foreground "${PATIENCE:-14400}" $bochs -q -f bochsrc >bochs.out 2>&1 || true
[ -r serial.txt ] || { cat bochs.out >&2; exit 2; }

tr -d '\r' <serial.txt | awk -v names="$*" '
    /^@has / { flags++ }
    /^@run / { name = $2; said = ""; next }
    /^@end / { status[$2] = $3; output[$2] = said; next }
    { said = said $0 "\n" }
    END {
        n = split(names, list, " ")
        for (i = 1; i <= n; i++) {
            test = list[i]
            if (flags == 4 && test in status && status[test] == 0) {
                print "passed   " test
                passed++
            } else {
                print "FAILED   " test (test in status ? " (status " status[test] ")" : " (did not end)")
                printf "%s", test in status ? output[test] : test == name ? said : ""
                failed++
            }
        }
        if (flags != 4) print "the emulated processor has no AVX-512"
        printf "\n%d passed, %d failed\n", passed, failed
        exit failed > 0
    }'
