package main

import (
	"bufio"
	"fmt"
	"os"
)

// Of a thousand rows one is refused and one repeats the row before.
const (
	refusedAt  = 500
	repeatedAt = 501
)

// mappingText says what the file's columns become. Nobody is to be called: the answers are
// old.
const mappingText = `survey: magasins
id: id
channel: magasin
submittedAt: {column: date, layouts: [iso]}
customer: {id: client, name: nom, phone: {column: tel, country: FR}}
consent: {callback: {always: no}}
answers:
  - {metric: NPS, column: note}
  - verbatim: avis
`

// expected is what must come of a file of so many rows.
type expected struct{ rows, stored, duplicates, refused int64 }

func expect(rows int) expected {
	e := expected{rows: int64(rows)}
	for i := range rows {
		switch i % 1000 {
		case refusedAt:
			e.refused++
		case repeatedAt:
			e.duplicates++
		}
	}
	e.stored = e.rows - e.refused - e.duplicates
	return e
}

var remarks = [...]string{
	"Livré à temps, merci.", "Personne ne répond au téléphone, j'attends depuis trois semaines.", "Très bon accueil en magasin",
	"Colis abîmé ; la vendeuse l'a repris sans discuter.", "", "Je ne comprends pas la facture, on m'a compté deux fois la livraison.",
}

// writeFile writes a CSV of so many rows, as a shop has them: some 160 bytes each.
func writeFile(path string, rows int) (size int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, "id,date,client,nom,tel,note,avis")
	for i := range rows {
		id, note := i, i%11
		switch i % 1000 {
		case refusedAt:
			note = 42 // beyond the scale
		case repeatedAt + 1: // what follows the repeated row is as any
		case repeatedAt:
			id = i - 2
			note = id % 11
		}
		fmt.Fprintf(w, "magasin-2026-%09d,2026-%02d-%02dT%02d:%02d:%02d+01:00,client-%09d,Prénom Nom-%d,+336%08d,%d,\"%s\"\n",
			id, 1+id%9, 1+id%28, id%24, id%60, id%59, id/3, id%5000, id%100_000_000, note, remarks[id%len(remarks)])
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), f.Close()
}
