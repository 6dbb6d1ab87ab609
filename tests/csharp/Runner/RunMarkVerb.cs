using System;

namespace Depthbridge.Runner
{
    /// <summary>run-mark PATH NOW: begin a run, and answer each line, a time, with whether it follows a crash; "end" ends it well.</summary>
    public static class RunMarkVerb
    {
        public static int Run(string[] arguments)
        {
            var mark = new RunMark(arguments[0], long.Parse(arguments[1]));
            return Lines.Answer(line => Answer(mark, new Words(JsonParser.Parse(line).Items)));
        }

        private static string Answer(RunMark mark, Words words)
        {
            if (words.Text(0) == "end")
            {
                mark.Dispose();
                return "null";
            }
            return mark.FollowsCrash(words.Long(1)) ? "true" : "false";
        }
    }
}
