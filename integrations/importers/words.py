"""What people write in the cells and headers of sales files, in English, Swedish and Finnish. Small letters."""

from __future__ import annotations

from integrations.importers.mapping import words

ID = words("id, external id, record id, recordid, affärs id, tunniste, tunnus, löpnummer")
NAME = words("name, full name, namn, nimi, title, titel, rubrik, otsikko")
EMAIL = words("email, e mail, email address, e postadress, e post, epost, mejl, sähköposti, sähköpostiosoite")
OWNER = words(
    "owner, sales rep, rep, sales agent, agent, seller, salesperson, sales person, assigned to, assignee, deal owner, account owner, "
    "call owner,"
    "event owner, task owner, lead owner, potential owner, contact owner, säljare, ägare, ansvarig, ansvarig säljare, kundansvarig, "
    "handläggare,"
    "omistaja, myyjä, vastuuhenkilö, vastuumyyjä",
)
CUSTOMER = words(
    "customer, account, company, client, organisation, organization, customer name, account name, company name, kund, företag, bolag, "
    "kundnamn,"
    "företagsnamn, asiakas, yritys, asiakkaan nimi, yrityksen nimi",
)
CUSTOMER_ID = words(
    "customer id, account id, accountid, company id, organisation id, organization id, kund id, kundid, kundnr, kundnummer, asiakas id,"
    "asiakasnumero, asiakastunnus",
)
BUSINESS_ID = words(
    "business id, reg no, registration number, company registration number, organisation number, organization number, org no, vat, "
    "vat number,"
    "vat id, organisationsnummer, org nr, orgnr, momsnummer, y tunnus, ytunnus, alv numero",
)
COUNTRY = words("country, country code, land, landskod, maa, maakoodi")
CURRENCY = words("currency, currency code, currency iso code, valuta, valutakod, valuutta")
CHANNEL = words("lead source, source, channel, källa, leadkälla, kanal, lähde, liidin lähde, kanava")
CREATED = words(
    "created, created on, created date, created at, created time, create date, creation date, date created, skapad, skapat, skapad datum,"
    "skapandedatum, registrerad, luotu, luontipäivä, luontipvm, lisätty",
)

YES = {"yes", "y", "true", "1", "x", "ja", "j", "kyllä", "k", "sant", "tosi"}
NO = {"no", "n", "false", "0", "nej", "ei", "e", "falskt", "epätosi"}
BOOLEAN = {**dict.fromkeys(YES, "yes"), **dict.fromkeys(NO, "no")}


def meanings(**texts: str) -> dict[str, str]:
    """{word: meaning} from meaning="word, word"; each meaning is a word for itself."""
    found = {}
    for meaning, text in texts.items():
        found[meaning.casefold()] = meaning
        for word in text.split(","):
            if word.strip():
                found[word.strip()] = meaning
    return found


ACTIVITY_KINDS = meanings(
    call="phone call, phone, cold call, outbound call, samtal, telefonsamtal, telefon, ring, puhelu, soitto, puhelinsoitto",
    email="e-mail, mail, mejl, e-post, epost, sähköposti, meili",
    meeting="event, demo, online meeting, visit, möte, kundmöte, kundbesök, besök, videomöte, tapaaminen, kokous, palaveri, "
            "asiakastapaaminen, esittely",
    social="linkedin, social selling, social touch, social, some, sociala medier",
    referral="referral asked, asked for referral, rekommendation, referens, suositus, suosittelu",
    proposal="quote, offer, quotation, tender, offert, anbud, tarjous",
    other="task, to-do, todo, note, uppgift, anteckning, övrigt, annat, tehtävä, muu, muistiinpano",
)
OUTCOMES = {
    **meanings(
        planned="scheduled, not started, open, in progress, upcoming, planerad, planerat, bokad, bokat, suunniteltu, varattu, tulossa",
        reached="connected, answered, completed, held, done, spoke, interested, nådd, nått, svarade, genomfört, genomförd, hållet, "
                "klar, klart,"
        "tavoitettu, pidetty, toteutunut, tehty, vastasi",
        not_reached="not reached, no answer, left voicemail, voicemail, busy, no reply, ej svar, inget svar, ej nådd, upptaget, "
                    "ei vastausta,"
        "ei vastannut, ei tavoitettu, varattu numero",
        no_show="no show, no-show, did not show up, uteblev, ei saapunut",
        cancelled="canceled, inställt, inställd, avbokad, avbokat, peruttu, peruutettu",
    ),
    "-": "",
}
DIRECTIONS = meanings(
    inbound="in, incoming, inkommande, saapuva, sisääntuleva",
    outbound="out, outgoing, utgående, lähtevä, uloslähtevä",
)
COST_CATEGORIES = meanings(
    salary="salaries, wages, payroll, personnel, staff, working time, lön, löner, personal, arbetstid, palkat, palkka, henkilöstö, työaika",
    marketing="advertising, ads, campaign, marknadsföring, annonser, annonsering, markkinointi, mainonta",
    booking="meeting booking, appointment setting, mötesbokning, buukkaus, tapaamisten varaus",
    event="events, fair, trade show, mässa, event, evenemang, tapahtuma, tapahtumat, messut",
    tool="tools, software, licences, licenses, crm, verktyg, program, licenser, työkalut, työkalu, ohjelmistot, lisenssit",
)
COUNTRIES = meanings(
    SE="sweden, sverige, ruotsi", FI="finland, suomi", NO="norway, norge, norja", DK="denmark, danmark, tanska",
    IS="iceland, island, islanti", EE="estonia, estland, viro, eesti", LV="latvia, lettland", LT="lithuania, litauen, liettua",
    DE="germany, tyskland, saksa, deutschland", NL="netherlands, the netherlands, nederländerna, alankomaat",
    BE="belgium, belgien, belgia", FR="france, frankrike, ranska",
    GB="united kingdom, uk, great britain, england, storbritannien, iso-britannia, britannia", IE="ireland, irland, irlanti",
    ES="spain, spanien, espanja", PT="portugal, portugali", IT="italy, italien, italia", AT="austria, österrike, itävalta",
    CH="switzerland, schweiz, sveitsi", PL="poland, polen, puola", RO="romania, rumänien",
    US="united states, usa, united states of america, yhdysvallat", CA="canada, kanada", BR="brazil, brasilien, brasilia",
    JP="japan, japani", CN="china, kina, kiina", KR="korea, south korea, sydkorea, etelä-korea", KE="kenya, kenia",
    JO="jordan, jordanien, jordania", PA="panama", PH="philippines, filippinerna, filippiinit", IN="india, indien, intia",
    AU="australia, australien",
)
