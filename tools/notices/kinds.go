package main

import "strings"

// unknown is the kind of a text that no rule below fits: a person has to read it.
const unknown = "unknown"

// kind names the licence that a text is, by words that only that licence has. A grant of
// patents or a credit is "", for it is no licence of its own.
func kind(name, body string) string {
	words := strings.Join(strings.Fields(body), " ")
	has := func(phrase string) bool { return strings.Contains(words, phrase) }
	switch {
	case strings.Contains(strings.ToUpper(name), "PATENTS"), strings.HasSuffix(name, "CREDITS.md"), strings.HasSuffix(name, "NOTICE"):
		return ""
	case has("GNU GENERAL PUBLIC LICENSE"), has("GNU LESSER GENERAL PUBLIC"), has("GNU AFFERO"), has("NonCommercial"):
		return unknown
	case has("SIL OPEN FONT LICENSE"):
		return "OFL-1.1"
	case has("Independent JPEG Group"):
		return "IJG and BSD-3-Clause"
	case has("Bitstream Vera"):
		return "Bitstream-Vera"
	case has("Apache License") && has("Version 2.0"):
		return "Apache-2.0"
	case has("public domain") && has("disclaims copyright"):
		return "Public domain"
	case has("Redistribution and use in source and binary forms"):
		if has("Neither the name") || has("names of its contributors may") || has("may not be used to endorse") {
			return "BSD-3-Clause"
		}
		return "BSD-2-Clause"
	case has("Permission is hereby granted, free of charge"):
		return "MIT"
	case has("Permission to use, copy, modify, and/or distribute this software"),
		has("Permission to use, copy, modify, and distribute this software for any purpose"):
		return "ISC"
	case has("This software is provided 'as-is'") && has("must not be misrepresented"):
		return "Zlib"
	}
	return unknown
}
