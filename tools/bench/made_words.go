package main

import "strings"

// madeThings is what photos of a made library show; the first ones are seen most.
var madeThings = strings.Fields(`people beach dog child car mountain sunset street cat food tree house flower sea boat snow bird lake
	garden party cake bridge church tower castle river forest horse bicycle train night portrait wedding concert dance market
	museum window door table chair book piano guitar football tennis swimming skiing hiking camping tent fire candle lamp
	kitchen bread cheese wine coffee tea fruit apple strawberry tomato salad soup pizza pasta fish crab lobster sheep cow
	goat pig chicken duck goose swan owl eagle parrot butterfly bee spider ladybird frog lizard snake turtle elephant lion
	tiger bear monkey giraffe zebra rabbit squirrel hedgehog fox deer whale dolphin seal jellyfish coral shell stone sand
	cliff cave waterfall island harbour lighthouse ship ferry canoe surfboard sail pier fountain statue square alley stairs
	roof chimney balcony fence gate wall tunnel road motorway lorry bus tram airport aeroplane helicopter balloon kite rocket
	moon stars clouds rainbow lightning fog rain ice frost autumn leaves mushroom moss fern palm cactus rose tulip sunflower
	daisy lavender vineyard field meadow hay tractor windmill barn hut cabin hotel restaurant cafe bar shop bakery school
	library office factory hospital station stadium theatre cinema circus zoo aquarium playground swing slide sandcastle
	snowman sledge skates helmet hat scarf glasses umbrella bag suitcase camera telephone computer clock mirror painting
	drawing poster sign flag map letter gift toy doll teddy puzzle chess cards`)

// madePlaces are where photos of a made library were taken; the first is home.
var madePlaces = []struct {
	name     string
	lat, lon float64
}{
	{"Lisbon", 38.72, -9.14},
	{"Porto", 41.15, -8.61},
	{"Berlin", 52.52, 13.40},
	{"Paris", 48.86, 2.35},
	{"Rome", 41.89, 12.51},
	{"London", 51.51, -0.13},
	{"Faro", 37.02, -7.93},
	{"Madrid", 40.42, -3.70},
	{"Vienna", 48.21, 16.37},
	{"Prague", 50.09, 14.42},
	{"Athens", 37.98, 23.73},
	{"Oslo", 59.91, 10.75},
	{"Reykjavik", 64.14, -21.90},
	{"New York", 40.71, -74.01},
	{"Tokyo", 35.69, 139.69},
	{"Sydney", -33.87, 151.21},
	{"Cape Town", -33.93, 18.42},
	{"Buenos Aires", -34.61, -58.38},
	{"Suva", -18.14, 178.44},
	{"Innsbruck", 47.26, 11.39},
	{"Venice", 45.44, 12.33},
	{"Bergen", 60.39, 5.33},
	{"Dublin", 53.33, -6.25},
	{"Seville", 37.39, -5.98},
}

// madeCameras are what photos of a made library were taken with, over the years. A phone's
// photos are called after their time, a camera's by a number.
var madeCameras = []struct {
	maker, model  string
	lenses        []string
	width, height int
	name          string
	phone         bool
}{
	{"Canon", "Canon PowerShot A520", []string{""}, 2272, 1704, "IMG_%04d.JPG", false},
	{"NIKON CORPORATION", "NIKON D50", []string{"18.0-55.0 mm f/3.5-5.6"}, 3008, 2000, "DSC_%04d.JPG", false},
	{"Canon", "Canon EOS 350D DIGITAL", []string{"EF-S18-55mm f/3.5-5.6", "EF50mm f/1.8 II"}, 3456, 2304, "IMG_%04d.JPG", false},
	{"SONY", "DSC-W55", []string{""}, 3072, 2304, "DSC0%04d.JPG", false},
	{"Panasonic", "DMC-TZ7", []string{""}, 3648, 2736, "P100%04d.JPG", false},
	{"Apple", "iPhone 3GS", []string{""}, 2048, 1536, "IMG_%s.JPG", true},
	{"Canon", "Canon EOS 550D", []string{"EF-S18-135mm f/3.5-5.6 IS", "EF50mm f/1.8 II"}, 5184, 3456, "IMG_%04d.JPG", false},
	{"Apple", "iPhone 4S", []string{"iPhone 4S back camera 4.28mm f/2.4"}, 3264, 2448, "IMG_%s.JPG", true},
	{"FUJIFILM", "X100S", []string{""}, 4896, 3264, "DSCF%04d.JPG", false},
	{"samsung", "SM-G900F", []string{""}, 5312, 2988, "%s.jpg", true},
	{"SONY", "ILCE-6000", []string{"E 35mm F1.8 OSS", "E PZ 16-50mm F3.5-5.6 OSS"}, 6000, 4000, "DSC0%04d.JPG", false},
	{"Apple", "iPhone 8", []string{"iPhone 8 back camera 3.99mm f/1.8"}, 4032, 3024, "IMG_%s.HEIC", true},
	{"Google", "Pixel 4a", []string{"Pixel 4a back camera 4.38mm f/1.73"}, 4032, 3024, "PXL_%s.jpg", true},
	{"Canon", "Canon EOS R6", []string{"RF24-105mm F4 L IS USM", "RF35mm F1.8 MACRO IS STM"}, 5472, 3648, "IMG_%04d.JPG", false},
	{"Apple", "iPhone 13 Pro", []string{"iPhone 13 Pro back triple camera 5.7mm f/1.5"}, 4032, 3024, "IMG_%s.HEIC", true},
	{"Google", "Pixel 8", []string{"Pixel 8 back camera 6.9mm f/1.68"}, 4080, 3072, "PXL_%s.jpg", true},
}
