//go:build linux

package faults

import "flag"

func flagValue(name string) string {
	if f := flag.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

const intro = `# Reliability

What becomes of a library when things go wrong, as tests found it that let them go wrong (` + "`go test ./internal/faults`" + `; with ` + "`-update`" + ` it writes this page). The test fails where this page says anything else.

- *Sound*: SQLite finds no fault in the database, every reference leads somewhere, and what is counted or listed twice agrees (` + "`Store.Integrity`" + `).
- *Nothing said is lost*: what the person said (tags, ratings, alt text, albums, label sets, settings) has the digest that ` + "`descry dump --digest`" + ` gave when the last finished operation was acknowledged, or that of the operation under way; never something between. An operation on many photos may be done in part, a hundred photos at a time; what is done stands in the journal as one entry and can be undone.
- *Nothing is half there*: a backup, an export, a sidecar, a thumbnail or a model that has its name is whole. A photo on its way to the trash is in exactly one place.
- *It can be done again*: what was interrupted is done again, without any repair, and the library is then the same, by its digests, as if nothing had happened.
`

var about = map[string]string{
	"stages": `Each stage runs once in a child process while strace writes down all that it asks of the disk. From that the tests make the disk as it would be at points spread evenly over the stage:

- *Stopped*: the process ends after that system call; all that it wrote is there, as with SIGKILL, for the system goes on.
- *Killed*: a real process gets SIGKILL about there.
- *Power cut*: what was not synced is lost, wholly, from some point on, or sector by sector (512 bytes), as chance has it (with a fixed seed), every other time just after a file got its name, lost it, or got another one; a file may have its new length and zeros for content. New names, renames and removals are there up to some point that is not before the last sync of their folder. To show that this finds faults, the test also runs it with syncs that do nothing, and expects words to be lost.

SIGKILL at twelve points of indexing 200 photos with the real model is in ` + "`internal/acceptance`" + `.
`,
	"others": `After each of these the same must hold: the library is sound, nothing said is lost, nothing is half there, and the same thing done again, once the cause is gone, comes to the same end as undisturbed. A full disk is a real one, of a few kilobytes, that only the process sees; what may not be read or written is so for the user of the process; system calls fail because strace makes them, from one on or a single one, early and late in what is done.
`,
}

const limits = `## What remains

- A disk that says it has synced and has not loses what it said was safe; no program can tell. The backups of the day in the library's folder, and copies of them elsewhere, are for that.
- File systems without a journal of names (FAT, exFAT) may lose a rename after it was synced. A library belongs on the system's own file system; photos may be anywhere.
- A thumbnail is not synced, for it can be made again: after a power cut a damaged one is noticed by its checksum and made anew from the photo or video, if that is at hand and was not changed.
- Of libraries on network file systems nothing was tested: SQLite needs their locks to work.
`
