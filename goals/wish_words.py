"""The words in which people wish for goals, in English, Swedish and Finnish. An asterisk stands for any ending."""

from __future__ import annotations

# What a KPI is called; all words of one entry occur, in any order. What names several KPIs alike is asked for.
KPI_WORDS: dict[str, str] = {
    "calls": "call*, phone call*, samtal*, telefonsamtal*, ringa, ringer, ringt, puhelu*, soitto*, soittaa, soitaa, soittavat",
    "emails": "email*, e-mail*, mails, mejl*, e-post*, sähköpost*",
    "conversations": "conversation*, konversation*, dialog*, keskustelu*",
    "social_touches": "social touch*, social selling, sociala kontakt*, somekontakt*",
    "referrals_asked": "referral*, referens*, suositte*, suositu*",
    "companies_added": "compan* add*, new compan*, nya företag*, företag tillagda, uusi* yrity*, yrity* lisä*",
    "contacts_added": "contact* add*, new contact*, nya kontakt*, kontakt* tillagda, uusi* kontakt*, uusi* yhteyshenkilö*",
    "meetings_booked": "meeting* book*, boka* möte*, mötesbokning*, varat* tapaami*, varaa* tapaami*, sopi* tapaami*, buukat* tapaami*, "
    "meeting*, möte*, tapaami*, kokou*",
    "first_meetings_held": "first meeting*, första möte*, förstamöte*, ensimmäi* tapaami*, ensitapaami*, meeting*, möte*, tapaami*, "
    "kokou*",
    "follow_up_meetings_held": "follow-up meeting*, follow up meeting*, uppföljningsmöte*, jatkotapaami*, seurantatapaami*, "
    "meeting*, möte*, tapaami*, kokou*",
    "proposals_sent": "proposal*, quote*, offert*, tarjou*",
    "qualified_leads": "qualified lead*, sql*, kvalificer* lead*, säljkvalificer*, päte* liid*, myyntikelpoi* liid*, leads, liide*, "
    "liidi*",
    "opportunities_created": "opportunit*, affärsmöjlighet*, säljmöjlighet*, myyntimahdollisuu*",
    "deals_won": "deal* won, deal* win*, deal* close*, vunn* affär*, vinn* affär*, stäng* affär*, voit* kaup*, teh* kaup*, deal*, "
    "affär*, "
    "kauppo*, kaupp*",
    "deals_lost": "deal* lost, deal* los*, förlor* affär*, tappa* affär*, hävi* kaup*, menet* kaup*",
    "revenue": "revenue*, turnover, intäkt*, omsättning*, tuotto*, tuotot, tuottoj*, liikevaih*, myyntituot*",
    "new_customers": "new customer*, new client*, nya kund*, nykund*, uusi* asiak*, uude* asiak*, uutta asiak*, uusasiak*",
    "win_rate": "win rate*, hit rate*, close rate*, vinstandel*, vinstgrad*, avslutsgrad*, träffprocent*, voittoprosent*, voitto-osuu*, "
    "osumaprosent*, onnistumisprosent*",
    "lead_conversion": "lead* conver*, leadskonverter*, liidi* konver*",
    "show_rate": "show rate*, show-up*, närvarograd*, toteutumisast*",
    "average_deal_value": "average deal*, deal size, deal value*, genomsnittl* affär*, snittaffär*, snittorder*, keskikaup*, "
    "keskimäärä* kaup*",
    "annual_contract_value": "acv, annual contract value*, årsvärde*, vuosisopimu*",
    "sales_cycle_days": "sales cycle*, säljcyk*, försäljningscyk*, myyntisykl*",
    "open_pipeline": "open pipeline*, öpp* pipeline*, avoi* put*, pipeline*, myyntiput*",
    "weighted_pipeline": "weighted pipeline*, vikt* pipeline*, painote* put*, painote* myyntiput*",
    "pipeline_coverage": "pipeline* coverage, pipeline* täck*",
    "sales_velocity": "sales velocity, säljhastighet*, försäljningshastighet*, myyntinopeu*",
    "sales_growth": "sales growth, försäljningstillväxt*",
    "cac": "cac, acquisition cost*, anskaffningskostnad*, kundanskaffningskostnad*, hankintakustannu*",
    "clv": "clv, ltv, lifetime value*, livstidsvärde*, kundlivstidsvärde*, elinkaariarvo*",
    "churn_rate": "churn*, kundtapp*, asiakaspoistum*",
}
# Revenue where no other KPI is named; else those who sell.
SALES = "sales, försäljning, försäljningen, sälj, myynti, myyntiä, myynnin, myyntimme"
DEPARTMENT = (
    "sales department, sales team, sales force, salespeople, försäljningsavdelning*, säljavdelning*, säljorganisation*, säljarna, "
    "säljkår*, "
    "myyntiosast*, myyntitiimi*, myyntiorganisaatio*, myyjät, myyjien"
)
COMPANY = (
    "company, organisation, organization, whole company, everybody, everyone, we, our, us, företaget, bolaget, organisationen, alla, "
    "vi, oss, "
    "vår, våra, yritys, yrityksen, yhtiö, yhtiön, organisaatio, organisaation, kaikki, me, meidän"
)

GROW = (
    "grow*, grew, increas*, rais*, rise*, improv*, öka*, ökar, ökat, väx*, höj*, förbättr*, kasva*, lisä*, nosta*, nousta, nousee, "
    "parant*, paran*"
)
SHRINK = (
    "reduc*, cut*, lower*, decreas*, shrink*, drop*, fall*, minsk*, sänk*, kort*, förkort*, vähen*, lask*, pienen*, lyhen*"
)
DOUBLE = "doubl*, fördubbl*, dubbla*, tupla*, kaksinkertais*"
ABOVE = (
    "above, over, at least, more than, minimum, exceed*, greater than, higher than, över, minst, mer än, högre än, överstig*, yli, "
    "vähintään, "
    "enemmän kuin, suurempi kuin, yläpuolella"
)
BELOW = (
    "below, under, at most, less than, maximum, fewer than, shorter than, no more than, högst, mindre än, kortare än, färre än, lägre "
    "än, max, "
    "alle, enintään, korkeintaan, vähemmän kuin, lyhyempi kuin, alapuolella"
)

NUMBERS = {
    word: number
    for number, words in {
        1: "one, ett, yksi, yhden, yhdessä", 2: "two, två, kaksi, kahden, kahdessa", 3: "three, tre, kolme, kolmen, kolmessa",
        4: "four, fyra, neljä, neljän, neljässä", 5: "five, fem, viisi, viiden, viidessä", 6: "six, sex, kuusi, kuuden, kuudessa",
        7: "seven, sju, seitsemän, seitsemässä", 8: "eight, åtta, kahdeksan, kahdeksassa", 9: "nine, nio, yhdeksän, yhdeksässä",
        10: "ten, tio, kymmenen, kymmenessä", 11: "eleven, elva, yksitoista, yhdentoista", 12: "twelve, tolv, kaksitoista, kahdentoista",
        15: "fifteen, femton, viisitoista", 20: "twenty, tjugo, kaksikymmentä", 25: "twenty-five, tjugofem, kaksikymmentäviisi",
        30: "thirty, trettio, kolmekymmentä", 40: "forty, fyrtio, neljäkymmentä", 50: "fifty, femtio, viisikymmentä",
        100: "hundred, hundra, sata",
    }.items()
    for word in words.split(", ")
}
SIZES = {
    **dict.fromkeys(("k", "tkr", "tn", "thousand", "tusen", "tuhat", "tuhatta"), 1_000),
    **dict.fromkeys(("m", "mn", "mkr", "million", "millions", "miljon", "miljoner", "miljoona", "miljoonaa", "milj", "meur"), 1_000_000),
}
PERCENT = "%, percent, per cent, procent, prosentti, prosenttia, prosentin, prosentilla, pros"
# In Finnish the ending says "to so many percent".
TO_PERCENT = "prosenttiin"
MONEY = "€, $, £, eur, euro, euros, euroa, euron, sek, kr, kronor, kruunua, usd, dollars, dollaria, nok, dkk, gbp"
DAY_UNITS = "day, days, dag, dagar, päivä, päivää, pv"
ORDINALS = {
    1: "first|1st|första|ensimmäi\\w+", 2: "second|2nd|andra|toi\\w+", 3: "third|3rd|tredje|kolma\\w+",
    4: "fourth|4th|last|fjärde|neljän\\w+",
}

MONTHS = {
    1: "january|januari|tammikuu\\w*", 2: "february|februari|helmikuu\\w*", 3: "march|mars|maaliskuu\\w*", 4: "april|huhtikuu\\w*",
    5: "may|maj|toukokuu\\w*", 6: "june|juni|kesäkuu\\w*", 7: "july|juli|heinäkuu\\w*", 8: "august|augusti|elokuu\\w*",
    9: "september|syyskuu\\w*", 10: "october|oktober|lokakuu\\w*", 11: "november|marraskuu\\w*", 12: "december|joulukuu\\w*",
}
SHORT_MONTHS = {
    1: "jan", 2: "feb", 3: "mar", 4: "apr", 5: "may|maj", 6: "jun", 7: "jul", 8: "aug", 9: "sep|sept", 10: "oct|okt", 11: "nov", 12: "dec",
}
UNITS = {
    "week": r"weeks?|vecka|veckan|veckor|veckorna|viikko|viikon|viikkoa|viikolla|viikossa",
    "month": r"months?|månad|månaden|månader|månaderna|kuu|kuun|kuussa|kuukausi|kuukautta|kuukauden|kuukaudessa|kuukausien|kk",
    "quarter": r"quarters?|kvartal|kvartalet|kvartalen|neljännes|neljänneksen|neljänneksellä|neljännestä|vuosineljännes|vuosineljänneksen|"
    r"vuosineljänneksellä|vuosineljännestä|kvartaali|kvartaalin|kvartaalilla",
    "half": r"half-years?|half|halvår|halvåret|vuosipuolisko|vuosipuoliskon|vuosipuoliskolla|puolivuotis\w*",
    "year": r"years?|år|året|vuosi|vuoden|vuonna|vuotta|vuodessa",
}

# Words that say nothing of the goal itself.
_FILLERS = (
    "a an the to of in on at for by with and or that this is be been being are was will would shall should must have has had can "
    "could want "
    "wants need needs aim aims goal target reach reaches reached achieve make makes do does get gets it its their his her per from "
    "than over up "
    "so all total together stay stays keep keeps kept end until during within hit bring brings deliver sell sells selling send sends "
    "sent hold holds please "
    "en ett den det de att i på för av med och eller som är vara blir bli ska skall skulle måste har ha haft kan vill behöver mål "
    "målet nå når "
    "nått till från om under inom per sin sitt sina totalt tillsammans hålla håller hållas ligga ligger göra gör få får så skicka "
    "skickar skickat "
    "on ovat olla oli tulee tulisi pitää pitäisi pitäisikin täytyy saada saavuttaa saavuttaisi tavoite tavoitteena ja tai että jotta "
    "mennessä "
    "aikana kuluttua päästä sisällä ollut kuin hänen heidän sen niiden yhteensä tehdä tekee pysyä pysyy säilyä lähettää lähettävät "
    "pitävät pidetään"
)
FILLERS = frozenset(_FILLERS.split())
