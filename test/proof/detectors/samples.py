# Made-up personal data, and values that are none, as lines of JSON: what it is, the value, the value in a sentence.
import json
import re
import sys

from faker import Faker

COUNT, SEED = int(sys.argv[1]), int(sys.argv[2])
Faker.seed(SEED)
us = Faker("en_US")
IBAN_LOCALES = ["de_DE", "en_GB", "fr_FR", "it_IT", "es_ES", "nl_NL", "pl_PL", "de_CH", "de_AT", "no_NO", "fi_FI", "tr_TR"]
MAIL_LOCALES = ["en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "pt_BR"]
locales = {name: Faker(name) for name in set(IBAN_LOCALES + MAIL_LOCALES)}


def turns(names, make):
    return lambda n: make(locales[names[n % len(names)]])


NETWORKS = ["amex", "diners", "discover", "jcb16", "mastercard", "visa16", "visa19", "maestro", "jcb15", "visa13"]


def phone(n, digits):
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    return [f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", f"{area}.{exchange}.{line}"][n % 3]


def grouped(text):
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


FOUND = {
    **{f"card, {network}": (lambda network: lambda n: us.credit_card_number(network))(network) for network in NETWORKS},
    "card in groups": lambda n: grouped(us.credit_card_number("visa16")),
    "iban": turns(IBAN_LOCALES, lambda fake: fake.iban()),
    "iban in groups": lambda n: grouped(locales[IBAN_LOCALES[n % len(IBAN_LOCALES)]].iban()),
    "email": turns(MAIL_LOCALES, lambda fake: fake.email()),
    "email of a company": turns(MAIL_LOCALES, lambda fake: fake.company_email()),
    "us-ssn": lambda n: us.ssn(),
    "phone": lambda n: phone(n, re.sub("[^0-9]", "", us.basic_phone_number())[-10:]),
    "phone, international": lambda n: us.numerify("+%% ### #######"),
}

LEFT = {
    "name": lambda n: us.name(),
    "address": lambda n: us.address(),
    "company": lambda n: us.company(),
    "sentence": lambda n: us.sentence(),
    "paragraph": lambda n: us.paragraph(),
    "date and time": lambda n: us.iso8601(),
    "time of the database": lambda n: us.date_time().strftime("%Y-%m-%d %H:%M:%S.%f+00"),
    "uuid": lambda n: us.uuid4(),
    "sha1": lambda n: us.sha1(),
    "sha256": lambda n: us.sha256(),
    "ipv4": lambda n: us.ipv4(),
    "ipv6": lambda n: us.ipv6(),
    "mac address": lambda n: us.mac_address(),
    "ean13": lambda n: us.ean13(),
    "isbn13": lambda n: us.isbn13(),
    "user agent": lambda n: us.user_agent(),
    "url": lambda n: us.uri(),
    "path": lambda n: us.file_path(),
    "price": lambda n: us.pricetag(),
    "float": lambda n: repr(us.pyfloat()),
    "coordinates": lambda n: f"{us.latitude()},{us.longitude()}",
    "licence plate": lambda n: us.license_plate(),
    "vehicle": lambda n: us.vin(),
    "bank account": lambda n: us.bban(),
    "colour": lambda n: us.hex_color(),
    "order": lambda n: us.bothify("ORD-####-#######"),
    "milliseconds": lambda n: str(us.unix_time() * 1000 + n),
    "bytes in base64": lambda n: __import__("base64").b64encode(us.binary(length=96)).decode(),
    "bytes in hex": lambda n: us.binary(length=96).hex(),
    "16 digits": lambda n: us.numerify("%###############"),
}

for label, made in (("found", FOUND), ("left", LEFT)):
    for kind, make in made.items():
        for n in range(COUNT):
            value = make(n)
            print(json.dumps({"label": label, "kind": kind, "value": value, "text": f"{us.word()} {value}, {us.word()}"}))
