# SPDX-License-Identifier: GPL-2.0-only
"""What goes into the guest: an initramfs with init, module and tests."""
import gzip
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BUSYBOX = pathlib.Path("/bin/busybox")
# Modules that the tests may load by name, where the kernel has them as modules.
WANTED = ["hwmon", "aer_inject", "nvme"]


def modules_of(kernel, wanted=tuple(WANTED)):
    """Paths of the wanted modules and what they depend on, in order of loading."""
    dep = next(iter(kernel.glob("lib/modules/*/modules.dep")), None)
    if dep is None:
        return []
    needs = {}
    for line in dep.read_text().splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
    order = []
    for name in wanted:
        for path in needs:
            if pathlib.Path(path).name.split(".ko")[0].replace("-", "_") == name:
                for part in [*reversed(needs[path]), path]:
                    if part not in order:
                        order.append(part)
    return [dep.parent / path for path in order]


def libraries_of(program):
    """Shared libraries of a dynamic program, by ldd; none for a static one."""
    out = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return {word for line in out.splitlines() for word in line.split() if word.startswith("/")}


def place(root, path):
    """Copy a program or a file, or a folder of files, to /tests, with the libraries it needs."""
    target = root / "tests" / path.name
    if path.is_dir():
        shutil.copytree(path, target)
        return
    shutil.copy(path, target)
    for library in libraries_of(path):
        # one from elsewhere goes to where the loader looks
        system = library.startswith(("/lib", "/usr/lib"))
        target = root / (library if system else "/usr/lib/" + pathlib.Path(library).name)[1:]
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, target)


def build(folder, kernel, module, tests, files=()):
    """Fill folder with the guest's files and return the path of the initramfs."""
    root = folder / "root"
    for sub in ("bin", "sbin", "dev", "proc", "sys", "tmp", "tests", "modules.d"):
        (root / sub).mkdir(parents=True, exist_ok=True)
    shutil.copy(BUSYBOX, root / "bin/busybox")
    shutil.copy(HERE / "init", root / "init")
    (root / "init").chmod(0o755)
    if module:
        shutil.copy(module, root / "nms.ko")
    names = []
    for path in modules_of(kernel):
        data = path.read_bytes()
        target = root / "modules.d" / path.name.split(".ko")[0]
        if path.suffix == ".xz":
            import lzma
            data = lzma.decompress(data)
        target.write_bytes(data)
        names.append("/modules.d/" + target.name)
    (root / "modules").write_text("\n".join(names) + "\n")
    for path in [*tests, *files]:
        place(root, path)
    for test in tests:
        (root / "tests" / test.name).chmod(0o755)
    (root / "tests/list").write_text("\n".join(t.name for t in tests) + "\n")
    return pack(root, folder / "initramfs.gz")


def pack(root, image):
    names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
    cpio = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names,
                          capture_output=True, check=True).stdout
    image.write_bytes(gzip.compress(cpio, 1))
    return image
