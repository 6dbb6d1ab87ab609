using System.Globalization;

namespace Depthbridge.Runner
{
    /// <summary>
    /// aggressor TICK_SIZE: a line is "quote SIDE PRICE", "clear", or "trade PRICE BID ASK" (prices, not ticks); of a
    /// trade the answer is "SIDE HOW".
    /// </summary>
    public static class AggressorVerb
    {
        public static int Run(string[] arguments)
        {
            var grid = new PriceGrid(Number(arguments[0]));
            var rule = new AggressorRule();
            return Lines.Answer(line =>
            {
                var words = line.Split(' ');
                if (words[0] == "clear")
                {
                    rule.Clear();
                    return "";
                }
                if (words[0] == "quote")
                {
                    rule.Quote(int.Parse(words[1]), grid.Ticks(Number(words[2])));
                    return "";
                }
                var price = grid.Ticks(Number(words[1]));
                rule.Judge(price, grid.Quote(Number(words[2]), price), grid.Quote(Number(words[3]), price));
                return rule.Side + " " + rule.How;
            });
        }

        private static double Number(string word)
        {
            return double.Parse(word, CultureInfo.InvariantCulture);
        }
    }
}
