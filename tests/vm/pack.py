# SPDX-License-Identifier: GPL-2.0
"""Packs a guest: an initramfs of busybox, kernel modules and programs."""
import fcntl
import functools
import glob
import lzma
import os
import re
import shlex
import stat
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# What a guest needs from the distribution's kernel, ours aside. One that the
# kernel has built in, or was built without, is left out.
BASE_MODULES = ["zram", "9p", "9pnet_virtio", "vgem", "udmabuf", "virtio_blk"]
MODULE_PATH_ENV = "/usr/sbin:/sbin"


class PackError(Exception):
    pass


class Arch:
    """What is particular to the machine of a guest: the settings of arch/NAME."""

    def __init__(self, name):
        self.name = name
        path = os.path.join(HERE, "arch", name)
        if not re.match(r"^[\w-]+$", name) or not os.path.isfile(path):
            known = ", ".join(sorted(os.listdir(os.path.join(HERE, "arch"))))
            raise SystemExit(f"GEM_UMA_ARCH={name}: there are {known}")
        with open(path, encoding="utf-8") as f:
            for word in shlex.split(f.read(), comments=True):
                key, _, value = word.partition("=")
                setattr(self, key, value)
        # where programs for it are
        self.user = os.path.join(TOP, "build", f"user-{self.deb}" if self.cross else "user")

    @functools.cached_property
    def root(self):
        """What was unpacked of its architecture; None where that is the host's."""
        if not self.cross:
            return None
        return subprocess.run([os.path.join(HERE, "toolchain.sh"), "root"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()

    def tool(self, name):
        return os.path.join(self.root, "usr/bin", self.cross + name) if self.cross else name


ARCH = Arch(os.environ.get("GEM_UMA_ARCH") or "x86_64")


class Cpio:
    """A newc archive, written in memory: root-owned without being root."""

    def __init__(self):
        self.parts = []
        self.ino = 1
        self.seen = set()

    def _entry(self, path, mode, data=b"", rdev=(0, 0)):
        name = path.lstrip("/").encode() + b"\0"
        head = "070701" + "".join(f"{v:08x}" for v in (
            self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1],
            len(name), 0))
        self.ino += 1
        rec = head.encode() + name
        rec += b"\0" * (-len(rec) % 4)
        self.parts.append(rec)
        self.parts.append(data)
        self.parts.append(b"\0" * (-len(data) % 4))

    def dir(self, path):
        path = path.rstrip("/")
        if not path or path in self.seen:
            return
        self.dir(os.path.dirname(path))
        self.seen.add(path)
        self._entry(path, stat.S_IFDIR | 0o755)

    def file(self, path, data, mode=0o755):
        if path in self.seen:
            return
        self.dir(os.path.dirname(path))
        self.seen.add(path)
        self._entry(path, stat.S_IFREG | mode, data)

    def link(self, path, target):
        if path in self.seen:
            return
        self.dir(os.path.dirname(path))
        self.seen.add(path)
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def node(self, path, major, minor):
        self.dir(os.path.dirname(path))
        self._entry(path, stat.S_IFCHR | 0o600, rdev=(major, minor))

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self.parts)


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Kernel:
    """An unpacked kernel: boot/vmlinuz*, lib/modules/<release>/."""

    def __init__(self, root):
        self.root = os.path.realpath(root)
        releases = sorted(os.listdir(os.path.join(self.root, "lib/modules")))
        if len(releases) != 1:
            raise PackError(f"{root}: one kernel expected, found {releases}")
        self.release = releases[0]
        self.moddir = os.path.join(self.root, "lib/modules", self.release)
        images = glob.glob(os.path.join(self.root, "boot", "vmlinuz*")) + \
            glob.glob(os.path.join(self.root, "boot", "bzImage*"))
        if len(images) != 1:
            raise PackError(f"{root}/boot: one kernel image expected, found {images}")
        self.image = images[0]
        self.deps = {}
        self.path = {}
        dep_file = os.path.join(self.moddir, "modules.dep")
        if os.path.exists(dep_file):
            for line in read(dep_file).decode().splitlines():
                mod, _, needs = line.partition(":")
                name = module_name(mod)
                self.path[name] = os.path.join(self.moddir, mod)
                self.deps[name] = [module_name(n) for n in needs.split()]

    def module(self, name):
        """The uncompressed module; unpacked once beside the kernel."""
        path = self.path[name]
        if path.endswith(".ko"):
            return read(path)
        if not path.endswith(".xz"):
            raise PackError(f"{path}: only .ko and .ko.xz modules are known")
        cached = os.path.join(self.root, "guest-modules", name + ".ko")
        try:
            return read(cached)
        except FileNotFoundError:
            pass
        data = lzma.decompress(read(path))
        os.makedirs(os.path.dirname(cached), exist_ok=True)
        tmp = f"{cached}.{os.getpid()}"
        with open(tmp, "wb") as f:
            f.write(data)
        os.rename(tmp, cached)
        return data


def module_name(path):
    return re.sub(r"\.ko(\.\w+)?$", "", os.path.basename(path)).replace("-", "_")


def shared_dir(path):
    """Holds off a build that would rewrite what is being packed."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(fd, fcntl.LOCK_SH)
    return fd


def strip(path):
    """Debug info is for the host; the guest has no memory to spare for it."""
    with tempfile.NamedTemporaryFile() as f:
        r = subprocess.run([ARCH.tool("strip"), "--strip-debug", "-o", f.name, path],
                           capture_output=True, text=True, check=False)
        if r.returncode:
            raise PackError(f"{path}: {r.stderr.strip()}")
        return read(f.name)


def our_modules(release):
    """name -> (image, names it depends on) of what was built for a kernel."""
    build = os.path.join(TOP, "build", release)
    found = {}
    if not os.path.isdir(build):
        return found
    fd = shared_dir(build)
    env = dict(os.environ, PATH=os.environ.get("PATH", "") + ":" + MODULE_PATH_ENV)
    try:
        for dirpath, _, files in os.walk(build):
            for f in sorted(files):
                if not f.endswith(".ko"):
                    continue
                path = os.path.join(dirpath, f)
                add_module(found, path, env)
    finally:
        os.close(fd)
    return found


def add_module(found, path, env):
    out = subprocess.run(["modinfo", "-F", "depends", path], env=env, check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    needs = [n.replace("-", "_") for n in out.strip().split(",") if n]
    found[module_name(path)] = (strip(path), needs)


def closure(name, kernel, ours, order):
    """Dependencies first, then name; what the kernel has built in is skipped."""
    if name in order:
        return
    if name in ours:
        needs = ours[name][1]
    elif name in kernel.deps:
        needs = kernel.deps[name]
    else:
        return
    for n in reversed(needs):
        closure(n, kernel, ours, order)
    order.append(name)


def add_modules(cpio, kernel, ours, extra):
    order = []
    for name in BASE_MODULES + list(ours) + list(extra):
        closure(name, kernel, ours, order)
    base = f"/lib/modules/{kernel.release}"
    dep = []
    for name in order:
        image = ours[name][0] if name in ours else kernel.module(name)
        cpio.file(f"{base}/{name}.ko", image, 0o644)
        needs = []
        closure(name, kernel, ours, needs)
        dep.append(f"{name}.ko:" + "".join(f" {n}.ko" for n in reversed(needs[:-1])))
    cpio.file(f"{base}/modules.dep", ("\n".join(dep) + "\n").encode(), 0o644)
    for f in ("modules.builtin", "modules.builtin.modinfo"):
        path = os.path.join(kernel.moddir, f)
        cpio.file(f"{base}/{f}", read(path) if os.path.exists(path) else b"", 0o644)
    for f in ("modules.alias", "modules.symbols", "modules.softdep"):
        cpio.file(f"{base}/{f}", b"", 0o644)
    return order


def libraries(programs):
    """Shared libraries (and the loader) of ELF programs, as host paths."""
    libs = set()
    for p in programs:
        r = subprocess.run(["ldd", p], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, check=False)
        if r.returncode:
            continue            # static
        for line in r.stdout.splitlines():
            if "not found" in line:
                raise PackError(f"{p}: {line.strip()}")
            m = re.search(r"(?:=> )?(/\S+) \(0x", line)
            if m:
                libs.add(m[1])
    return sorted(libs)


def add_programs(cpio, pairs):
    """pairs of (host path, guest path)."""
    elf = []
    for host, guest in pairs:
        data = strip(host) if host.endswith(".ko") else read(host)
        cpio.file(guest, data, 0o755 if os.access(host, os.X_OK) else 0o644)
        if data[:4] != b"\x7fELF":
            continue
        elf.append(host)
        # Nobody here can say which libraries it needs.
        if ARCH.cross and b"/ld-linux-" in data[:4096]:
            raise PackError(f"{host} is not static")
    for lib in libraries(elf):
        cpio.file(lib, read(lib))


def add_busybox(cpio):
    for path in ("/bin/busybox", "/usr/bin/busybox"):
        if os.path.exists(path):
            break
    else:
        raise PackError("no busybox; run scripts/deps.sh")
    # Of the same version, another architecture's has the same applets.
    applets = subprocess.run([path, "--list-full"], check=True, stdout=subprocess.PIPE,
                             text=True).stdout.split()
    if libraries([path]):
        raise PackError(f"{path} is not static; install busybox-static")
    cpio.file("/bin/busybox", read(os.path.join(ARCH.root, "bin/busybox") if ARCH.cross
                                   else path))
    for a in applets:
        cpio.link("/" + a, "/bin/busybox")


def built_programs():
    bindir = os.path.join(ARCH.user, "bin")
    if not os.path.isdir(bindir):
        return []
    return [(os.path.join(bindir, f), "/bin/" + f) for f in sorted(os.listdir(bindir))]


def initramfs(kernel, programs, files, with_ours=True, extra=()):
    """files: guest path -> bytes of generated content. extra: more of the kernel's modules."""
    cpio = Cpio()
    for d in ("/proc", "/sys", "/dev", "/tmp", "/run", "/root", "/out"):
        cpio.dir(d)
    cpio.node("/dev/console", 5, 1)
    cpio.node("/dev/null", 1, 3)
    cpio.file("/init", read(os.path.join(HERE, "guest", "init")))
    for path, data in files.items():
        cpio.file(path, data)
    fd = shared_dir(ARCH.user) if os.path.isdir(ARCH.user) else None
    try:
        add_programs(cpio, list(programs) + (built_programs() if with_ours else []))
    finally:
        if fd is not None:
            os.close(fd)
    add_busybox(cpio)
    mods = add_modules(cpio, kernel, our_modules(kernel.release) if with_ours else {},
                       extra)
    return cpio.bytes(), mods
