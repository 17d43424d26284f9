"""The fiat currencies that the server knows, and to how many decimals it rounds amounts in them.

This is the server's own table, not ISO 4217: the forint has 0 decimals, ouguiya and ariary have 5.
"""

from __future__ import annotations

_BY_DECIMALS = {
    0: """
BIF BYR CLP DJF GNF HUF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XAG XAU XBA XBB XBC XBD XDR XOF XPD XPF XPT XTS
""",
    2: """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG IDR ILS INR IRR JMD KES
KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SKK SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS
TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMK ZMW
""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF",
    5: "MGA MRU",
}

_DECIMALS = {code: places for places, codes in _BY_DECIMALS.items() for code in codes.split()}

CODES = tuple(sorted(_DECIMALS))
"""Every known fiat code, sorted."""


def decimals(code: str) -> int | None:
    """The number of decimals of rounded amounts in the currency; None for a code that isn't a known fiat one."""
    return _DECIMALS.get(code)
