"""Compares Descry with the Python originals, architecture by architecture, and writes docs/parity.md.

    python tools/parity                     all of them, one at a time; each export is deleted after its comparison
    python tools/parity --only RN50 ViT-B-16    these, and the report of all that were run so far
    python tools/parity --fixtures          make the small ones anew that the Go tests bring

Rows are kept in tools/parity/rows, so that a run can be done in parts, on several machines too. A full-size model of
600 million numbers takes some 10 GB of disk and memory for a while.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import architectures
import report

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / 'build/parity'
ROWS = ROOT / 'tools/parity/rows'


def slug(name):
    return re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')


def compare(a, binary):
    """One architecture from export to row. The steps are processes of their own, which give their memory back."""
    folder = WORK / 'case'
    shutil.rmtree(folder, ignore_errors=True)
    start = time.monotonic()
    row = {'name': a.name, 'commit': report.commit(ROOT)}
    try:
        subprocess.run([sys.executable, '-W', 'ignore', str(ROOT / 'tools/parity/case.py'), a.name, str(folder)], check=True)
        row.update(json.loads((folder / 'report.json').read_text()))
        test = subprocess.run([str(binary), '-test.run', 'TestModelsMatchPython', '-test.timeout', '0', '-case', str(folder)], cwd=ROOT / 'internal/parity', capture_output=True, text=True)
        print(test.stdout[-3000:])
        row['passed'] = test.returncode == 0
        if (folder / 'result.json').exists():
            row['result'] = json.loads((folder / 'result.json').read_text())
    except subprocess.CalledProcessError as e:
        row['passed'], row['error'] = False, str(e)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    row['seconds'] = round(time.monotonic() - start)
    ROWS.mkdir(exist_ok=True)
    (ROWS / (slug(a.name) + '.json')).write_text(json.dumps(row, indent=1))
    return row


def main():
    ap = argparse.ArgumentParser(prog='python tools/parity', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--only', nargs='*', help='names of architectures, in the order in which they are run')
    ap.add_argument('--fixtures', action='store_true')
    ap.add_argument('--report', action='store_true', help='only write the report of the rows there are')
    args = ap.parse_args()
    if args.fixtures:
        for a in architectures.SMALL:
            if not args.only or a.name in args.only:
                subprocess.run([sys.executable, '-W', 'ignore', str(ROOT / 'tools/parity/case.py'), '--fixture', a.name, str(ROOT / f'internal/parity/testdata/{a.name}.zip')], check=True)
        return
    chosen = [] if args.report else [architectures.find(n) for n in args.only] if args.only else architectures.WHOLE + architectures.OTHERS
    WORK.mkdir(parents=True, exist_ok=True)
    failed = []
    if chosen:
        binary = WORK / 'parity.test'
        subprocess.run([os.environ.get('GO', 'go'), 'test', '-c', '-tags', os.environ.get('TEST_TAGS', 'sqlite_fts5,ci,nodynamic'), '-o', str(binary), './internal/parity'], cwd=ROOT, check=True)
    for a in chosen:
        print('==', a.name, flush=True)
        if not compare(a, binary)['passed']:
            failed.append(a.name)
    rows = {}
    for f in sorted(ROWS.glob('*.json')):
        row = json.loads(f.read_text())
        rows[row['name']] = row
    report.write(ROOT / 'docs/parity.md', rows)
    if failed:
        sys.exit('not as the original: ' + ', '.join(failed))


if __name__ == '__main__':
    main()
