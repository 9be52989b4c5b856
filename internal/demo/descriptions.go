package demo

import "strings"

// descriptions are what people say about themselves, in English and in a language of their own. They are put together
// once, so that a million users share a few thousand texts.
type descriptions struct {
	english []string
	local   map[string][]string
}

func newDescriptions() descriptions {
	d := descriptions{english: combine(postsInEnglish, notesInEnglish), local: map[string][]string{}}
	for line := range strings.Lines(postsElsewhere) {
		language, posts, _ := strings.Cut(strings.TrimSpace(line), " ")
		d.local[language] = combine(posts, places)
	}
	return d
}

// pick returns a description for somebody who speaks a language.
func (ds *descriptions) pick(d *dice, language string) string {
	if own := ds.local[language]; len(own) > 0 && d.percent(60) {
		return pick(d, own)
	}
	return pick(d, ds.english)
}

// combine returns every post with every note; both are lists with | between their elements.
func combine(posts, notes string) []string {
	var list []string
	for post := range strings.SplitSeq(posts, "|") {
		for note := range strings.SplitSeq(notes, "|") {
			list = append(list, post+", "+note)
		}
	}
	return list
}

const (
	postsInEnglish = "Shift manager|Buyer|Senior buyer|Category manager|Accountant|Payroll clerk|Treasury analyst|" +
		"Backend engineer|Frontend engineer|Data engineer|Product manager|Designer|" +
		"Customer care agent|Key account manager|Forklift trainer|Customs broker|Quality inspector|Legal counsel|" +
		"Recruiter|Office manager|Demand planner|Returns specialist|Interpreter|Internal auditor|Fleet coordinator"
	notesInEnglish = places + "|remote|headquarters|night shift|first contact for returns|on parental leave|" +
		"speaks French and German|backup for payments|works Mondays to Wednesdays|mentor of the new colleagues"
	places = "Rotterdam|Lyon|Poznań|São Paulo|Guangzhou|東京|İzmir|Leeds"

	// postsElsewhere has a line for a language: its tag, a space, and posts with | between them.
	postsElsewhere = `es Jefa de almacén|Comprador|Contable|Técnica de calidad
pt Gerente de compras|Analista de logística|Programador
fr Chargée de logistique|Acheteur|Comptable|Interprète
de Lagerleiterin|Einkäufer|Buchhalter|Qualitätsprüferin
it Addetta agli acquisti|Magazziniere
pl Kierownik zmiany|Księgowa
tr Depo sorumlusu|Muhasebeci
vi Trưởng kho|Kế toán
ru Бухгалтер|Инженер по качеству|Менеджер по закупкам
uk Бухгалтерка|Логіст
el Λογιστής|Υπεύθυνη αποθήκης
ar مهندس جودة|محاسب
he מנהלת מחסן|מהנדס תוכנה
zh 采购经理|会计|质量工程师
ja 仕入れ担当|経理|倉庫管理
ko 물류 담당|회계사
hi लेखाकार|गोदाम प्रबंधक
th ผู้จัดการคลังสินค้า|นักบัญชี`
)
