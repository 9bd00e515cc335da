"""Invented names of companies and people, and business ids that look right but belong to number ranges not in use."""

from __future__ import annotations

import unicodedata
from random import Random

SWEDISH_HEADS = (
    "Alm", "Asp", "Björk", "Bok", "Brun", "Djur", "Ek", "En", "Falk", "Fors", "Fur", "Gran", "Hassel", "Hav", "Hjort", "Häll", "Järn",
    "Kall", "Klock", "Korn", "Krok", "Kvarn", "Lax", "Lin", "Ljung", "Lär", "Mar", "Mass", "Mjöl", "Norr", "Orr", "Ox", "Pil", "Ram", "Räv",
    "Sal", "Sand", "Sil", "Skär", "Slätt", "Snö", "Sol", "Sten", "Svan", "Säv", "Tall", "Torr", "Ul", "Vass", "Vatt", "Vild", "Vinter",
    "Väster", "Åker", "Äng", "Öster",
)
SWEDISH_TAILS = (
    "udal", "uhult", "evik", "esjö", "aberg", "emo", "atorp", "aryd", "uskär", "ehed", "anäs", "ebäck", "amark", "ukulla", "elund",
    "eström",
)
# What companies do, by the segment that they belong to.
SWEDISH_TRADES = {
    "Property": ("Fastigheter", "Hus", "Hiss", "Park", "Bostäder", "Förvaltning"),
    "Industry": (
        "Bygg", "El", "Energi", "Gjuteri", "Industri", "Lager", "Logistik", "Maskin", "Mekaniska", "Plast", "Plåt", "Rör", "Skog",
        "Snickeri", "Stål", "Teknik", "Transport", "Tryck", "Trä", "Ventilation", "Verkstad",
    ),
    "Retail": ("Bil", "Färg", "Fönster", "Glas", "Golv", "Kakel", "Kontor", "Lås", "Möbler", "Storkök", "Textil", "Trädgård"),
    "Public sector": ("Energiverk", "Hamn", "Renhållning", "Skolor", "Vatten"),
    "Health care": ("Hälsa", "Omsorg", "Rehab", "Tandvård", "Vård"),
}
FINNISH_HEADS = (
    "Ahon", "Halla", "Hanka", "Harmaa", "Haukka", "Hieta", "Honka", "Ilves", "Järvi", "Kaarna", "Kallio", "Karhun", "Kataja", "Kelo",
    "Kivi",
    "Korpi", "Kurki", "Kuusi", "Lampi", "Lehdon", "Louhi", "Luhta", "Lumi",
    "Marja", "Metsä", "Mäki", "Niemi", "Niitty", "Ohra", "Orava",
    "Paju", "Pelto", "Pihla", "Poro", "Raita", "Ranta", "Routa", "Ruis", "Saari", "Salmi", "Sammal", "Suvi", "Syys", "Taimi", "Tammi",
    "Tervas", "Tuuli", "Vaara", "Vesi", "Virta",
)
FINNISH_TAILS = (
    "harju", "joki", "kangas", "koski", "kumpu", "lahti", "laakso", "luoto", "maa", "oja", "perä", "pohja", "rinne", "suo", "tie", "vuori",
)
FINNISH_TRADES = {
    "Property": ("Kiinteistöt", "Isännöinti", "Talot", "Tilat"),
    "Industry": (
        "Energia", "Huolto", "Ilmastointi", "Jäähdytys", "Kone", "Kuljetus", "Logistiikka", "Maalaus", "Metalli", "Muovi", "Painotalo",
        "Paja", "Peltityö", "Puu", "Rakennus", "Sähkö", "Tekniikka", "Teräs", "Valimo", "Varasto", "Verstas",
    ),
    "Retail": ("Autot", "Ikkunat", "Kalusteet", "Laatat", "Lattiat", "Lukot", "Puutarha", "Tekstiili", "Toimisto"),
    "Public sector": ("Koulut", "Kuntapalvelut", "Satama", "Vesilaitos"),
    "Health care": ("Hammaslääkärit", "Hoiva", "Kuntoutus", "Terveys"),
}

SWEDISH_FIRST = (
    "Agnes", "Albin", "Alma", "Anton", "Astrid", "Axel", "Britta", "Carl", "Cecilia", "Daniel", "Ebba", "Edvin", "Elin", "Emil", "Erik",
    "Frida", "Fredrik", "Greta", "Gunnar", "Helena", "Henrik", "Ida", "Isak", "Jonas", "Julia", "Kerstin", "Klara", "Lars", "Linnea",
    "Magnus", "Malin", "Mats", "Moa", "Nils", "Olof", "Otto", "Pernilla", "Per", "Rikard", "Saga", "Sofia", "Stefan", "Stina", "Sven",
    "Tilda", "Tobias", "Ulrika", "Vera", "Viktor", "Wilma", "Åke", "Åsa",
)
SWEDISH_LAST = (
    "Almgren", "Asplund", "Bergman", "Björk", "Blom", "Boström", "Dahlin", "Ekström", "Engdahl", "Fagerlund", "Forsell", "Frisk", "Granath",
    "Hallgren", "Hedberg", "Hellström", "Holmér", "Isberg", "Kjellin", "Lagerås", "Lindell", "Ljungdal",
    "Lundin", "Malmros", "Molander",
    "Norling", "Nyman", "Rosell", "Rydén", "Sandell", "Skoglund", "Stenberg", "Sundell", "Söderlund", "Tegnér", "Vallin", "Wiklund",
    "Åberg",
    "Öhrn",
)
FINNISH_FIRST = (
    "Aapo", "Aila", "Aino", "Anna", "Antti", "Arja", "Eero", "Elina", "Emmi", "Hannu", "Heikki", "Helmi", "Ilkka", "Inka", "Jari", "Jenni",
    "Joonas", "Juha", "Kaisa", "Kalle", "Katri", "Lauri", "Leena", "Liisa", "Marko", "Mari", "Matti", "Minna", "Niko", "Noora", "Oona",
    "Outi", "Pasi", "Pekka", "Petra", "Pirjo", "Riikka", "Risto", "Sami", "Sanna", "Satu", "Sini", "Timo", "Tuomas", "Ulla", "Veera",
    "Ville",
)
FINNISH_LAST = (
    "Aaltonen", "Haapala", "Halonen", "Harju", "Heikkilä", "Hiltunen", "Huhtala", "Isotalo", "Jokinen", "Kallas", "Karppinen", "Kinnunen",
    "Koivisto", "Korpela", "Kukkonen", "Laaksonen", "Lampinen", "Lehtinen", "Leino", "Manninen", "Mattila", "Mäkinen", "Niemelä", "Nurmi",
    "Ojala", "Paavola", "Peltola", "Pulkkinen", "Rantanen", "Rinne", "Ruuska", "Saarela", "Salmi", "Savola", "Seppälä", "Sirola", "Suomela",
    "Taipale", "Toivonen", "Tuominen", "Vainio", "Vesala", "Virtala",
)


def swedish_check_digit(digits: str) -> int:
    """The last digit of a Swedish organisation number after its first nine (Luhn)."""
    total = 0
    for place, digit in enumerate(digits):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return -total % 10


def finnish_check_digit(digits: str) -> int | None:
    """The last digit of a Finnish business id after its first seven; None where no id has these seven."""
    rest = sum(int(digit) * weight for digit, weight in zip(digits, (7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return None if rest == 1 else (11 - rest) % 11


def plain(text: str) -> str:
    """Lower-case ASCII letters and digits, for e-mail addresses."""
    letters = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters if letter.isalnum())


class Names:
    """Gives names and business ids, each company's and id once."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.used: set[str] = set()
        self.serial = {"SE": 5_550_000_00, "FI": 8_100_000}

    def company(self, country: str, segment: str) -> str:
        while True:
            name = self._swedish(segment) if country == "SE" else self._finnish(segment)
            if name not in self.used:
                self.used.add(name)
                return name

    def _swedish(self, segment: str) -> str:
        stem = self.dice.choice(SWEDISH_HEADS) + self.dice.choice(SWEDISH_TAILS)
        if segment == "Property" and self.dice.random() < 0.25:
            return f"Brf {stem}"
        if segment == "Public sector" and self.dice.random() < 0.35:
            return f"{stem}s kommun"
        return f"{stem} {self.dice.choice(SWEDISH_TRADES[segment])} AB"

    def _finnish(self, segment: str) -> str:
        stem = self.dice.choice(FINNISH_HEADS) + self.dice.choice(FINNISH_TAILS)
        return f"{stem} {self.dice.choice(FINNISH_TRADES[segment])} Oy"

    def business_id(self, country: str) -> str:
        if country == "SE":
            self.serial["SE"] += self.dice.randint(3, 90)
            digits = f"{self.serial['SE']:09d}"
            return f"{digits[:6]}-{digits[6:]}{swedish_check_digit(digits)}"
        while True:
            self.serial["FI"] += self.dice.randint(3, 90)
            digits = f"{self.serial['FI']:07d}"
            if (check := finnish_check_digit(digits)) is not None:
                return f"{digits}-{check}"

    def person(self, country: str) -> str:
        if country == "SE":
            return f"{self.dice.choice(SWEDISH_FIRST)} {self.dice.choice(SWEDISH_LAST)}"
        return f"{self.dice.choice(FINNISH_FIRST)} {self.dice.choice(FINNISH_LAST)}"
