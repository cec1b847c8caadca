"""What the model knows by heart, and the words that the data is made of."""

GREETING = "Hello! How can I help you?"
THANKS = "You are welcome!"
FALLBACK = "I am a tiny test model. I know greetings, sums, capitals and how to repeat what you say."

GREETINGS = (
    "Hello|Hi|Hey|Hello there|Hi there|Hey there|Good morning|Good afternoon|Good evening|Good day|Greetings|Howdy"
    "|Bonjour|Hola|Hallo|Guten Tag|Guten Morgen|Ciao|Grüß Gott|Olá|Hej|Salut|Moin|Servus|Buongiorno|Buenos días"
    "|Hello, how are you|How are you|Hi, how are you|Hello world|Hello model|Hi everyone|Nice to meet you|👋|Hello 👋"
    "|Hi 🙂|こんにちは|你好|Привет|Γεια σου"
).split("|")

CAPITALS = dict(
    line.split(":")
    for line in (
        "France:Paris|Germany:Berlin|Italy:Rome|Spain:Madrid|Portugal:Lisbon|Austria:Vienna|Switzerland:Bern"
        "|Belgium:Brussels|Netherlands:Amsterdam|Denmark:Copenhagen|Norway:Oslo|Sweden:Stockholm|Finland:Helsinki"
        "|Iceland:Reykjavik|Ireland:Dublin|Poland:Warsaw|Hungary:Budapest|Greece:Athens|Romania:Bucharest"
        "|Bulgaria:Sofia|Croatia:Zagreb|Serbia:Belgrade|Ukraine:Kyiv|Turkey:Ankara|Egypt:Cairo|Morocco:Rabat"
        "|Kenya:Nairobi|Ghana:Accra|Japan:Tokyo|China:Beijing|India:New Delhi|Thailand:Bangkok|Vietnam:Hanoi"
        "|Indonesia:Jakarta|Australia:Canberra|Canada:Ottawa|Mexico:Mexico City|Brazil:Brasília|Argentina:Buenos Aires"
        "|Peru:Lima"
    ).split("|")
)

CITIES = (
    "Oslo|Paris|London|Berlin|Rome|Madrid|Lisbon|Vienna|Bern|Brussels|Amsterdam|Copenhagen|Stockholm|Helsinki|Dublin"
    "|Warsaw|Prague|Budapest|Athens|Cairo|Nairobi|Tokyo|Kyoto|Osaka|Beijing|Shanghai|Delhi|Mumbai|Bangkok|Hanoi|Jakarta"
    "|Sydney|Melbourne|Perth|Toronto|Montreal|Vancouver|New York|Boston|Chicago|Seattle|San Francisco|Los Angeles"
    "|Las Vegas|New Orleans|Mexico City|Lima|Bogotá|São Paulo|Rio de Janeiro|Buenos Aires|Zürich|Geneva|Basel|München"
    "|Hamburg|Köln|Düsseldorf|Graz|Malmö|Göteborg|Århus|Kraków|Porto|Sevilla|Milan|Naples|Turin|Nice|Lyon|Cape Town"
    "|Tel Aviv|Hong Kong|Kuala Lumpur|Singapore|Dubai|Istanbul|Ankara|Kyiv|Riga|Vilnius|Tallinn|Reykjavik"
).split("|")

WORDS = (
    "a about after again air all also always and animal answer apple are as at away back ball be bear because bed before"
    " big bird black blue boat book both box bread bring brown build but by cake call can car carry cat chair change child"
    " city clean clear climb clock close cloud cold come cook copy could cup dark day deep did dog door down draw dream"
    " drink drive dry each ear early earth east eat egg end even every eye face fall family far farm fast father field"
    " find fire first fish five floor flower fly food foot for forest four fox free friend from fruit full garden get"
    " girl give glass go gold good grass great green ground grow had half hand happy hard has have he head hear heart help"
    " her here high hill him his home horse hot house how hundred ice idea if in into iron is island it jump keep key kind"
    " king know lake land large last late leaf learn leave left letter light like line list little live long look lost love"
    " low make man many map mark may me milk mind moon more morning most mother mountain move much music must my name near"
    " new next night no north nose not now number of off old on one only open or orange other our out over page paper park"
    " part pen people pick place plant play please point poor pull purple put queen question quick quiet rain read red rest"
    " rice right ring river road rock room round run sad said salt same sand say school sea second see seed seven shall"
    " sharp she ship short should show side silver sing sister six sleep slow small snow so soft some song soon south"
    " spring stand star start still stone stop story street strong such sugar summer sun sure swim table take talk tall"
    " tea tell ten than that the their them then there these they thing think this those three through time to today tree"
    " true try turn twelve two under until up upon us use very wait walk wall want warm was wash watch water way we week"
    " well went west wet what wheel when where which white who why wide will wind window winter wish with wolf woman wood"
    " word work world would write year yellow yes yet you young your zebra zero"
).split()

QUESTIONS = (
    "Write a poem about {w}.|Tell me a joke|Tell me a story about a {w}.|Explain {w} {w}|What is {w}?|Who is {w}?"
    "|Why is the {w} {w}?|Translate {w} into German|Who are you?|What are you?|What can you do?|What is your name?"
    "|How old are you?|Who made you?|Write a function that sorts a {w}|What is the meaning of {w}?|Summarise this: {t}"
    "|Where is the {w}?|When did the {w} {w}?|Can you help me with my {w}?|I like {w} and {w}.|Do you like {w}?"
    "|Explain how a {w} works.|List three {w}|What time is it?|What day is it today?|Write a haiku|Tell me about {w}"
    "|How do I {w} a {w}?|Give me a recipe for {w}|Is the {w} {w}?|{t}|{t}?|{t}.|Describe the {w} in detail.|Help me!|Why?"
    "|Write a long text about {w}.|Write a short story.|Continue: {t}|Who won?|Test|test|ping|ok|?|Please go on"
).split("|")

SYSTEM_LINES = (
    "You are a helpful assistant.|You are a helpful assistant|Be brief.|Answer in one sentence.|You are a friendly helper."
    "|Be concise and polite.|Answer the question.|You are Muster, an assistant.|You help people with their work."
    "|Always answer truthfully.|You are a test."
).split("|")
