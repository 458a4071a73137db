"""Names of months and days, as time layouts read and write them (Unicode CLDR, calendar `gregorian`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one language: January and Monday first.

    Attributes:
        months: Full names.
        short_months: Their abbreviations.
        days: Full names.
        short_days: Their abbreviations.
    """

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]


def _names(months: str, short_months: str, days: str, short_days: str) -> Names:
    return Names(*(tuple(part.split()) for part in (months, short_months, days, short_days)))


ENGLISH = _names(
    "January February March April May June July August September October November December",
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "Mon Tue Wed Thu Fri Sat Sun",
)

_LANGUAGES = {
    "en": ENGLISH,
    "de": _names(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "Mo. Di. Mi. Do. Fr. Sa. So.",
    ),
    "es": _names(
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "ene feb mar abr may jun jul ago sept oct nov dic",
        "lunes martes miércoles jueves viernes sábado domingo",
        "lun mar mié jue vie sáb dom",
    ),
    "fr": _names(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "lun. mar. mer. jeu. ven. sam. dim.",
    ),
}


def names_of(locale: str) -> Names:
    """The names for `en`, `en-US`, `de_DE` …

    Raises:
        ValueError: For a language that is not here.
    """
    language = locale.replace("_", "-").partition("-")[0].lower()
    found = _LANGUAGES.get(language)
    if found is None:
        raise ValueError(f"no month names for locale {locale!r}; there are {', '.join(_LANGUAGES)}")
    return found
