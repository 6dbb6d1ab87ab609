using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Runs what any thread brings one after the other, without ever making a thread wait.</summary>
    /// <remarks>
    /// The first comer runs everything, also what arrives meanwhile; the others leave theirs and go. So no lock
    /// is held while NinjaTrader is called, and what NinjaTrader calls back with comes after what is under way.
    /// </remarks>
    public sealed class SerialQueue
    {
        private readonly object sync = new object();
        private readonly Queue<Action> waiting = new Queue<Action>();
        private bool running;

        /// <summary>Runs the action now, or leaves it to the thread that is running the queue.</summary>
        public void Post(Action action)
        {
            lock (sync)
            {
                waiting.Enqueue(action);
                if (running)
                {
                    return;
                }
                running = true;
            }
            Drain();
        }

        private void Drain()
        {
            while (true)
            {
                Action next;
                lock (sync)
                {
                    if (waiting.Count == 0)
                    {
                        running = false;
                        return;
                    }
                    next = waiting.Dequeue();
                }
                Run(next);
            }
        }

        private void Run(Action next)
        {
            bool done = false;
            try
            {
                next();
                done = true;
            }
            finally
            {
                if (!done)
                {
                    // The exception goes to the caller; the queue must not stay taken.
                    lock (sync)
                    {
                        running = false;
                    }
                }
            }
        }
    }
}
